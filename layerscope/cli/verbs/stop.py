"""``layerscope stop``."""

from __future__ import annotations

from layerscope.cli.context import Context
from layerscope.cli.each import each
from layerscope.cli.parser import Parser, whole_number
from layerscope.usecases.run import GRACE, stop


def configure(parser: Parser) -> None:
    """Say the words of the verb."""
    parser.add_argument(
        "-t",
        "--time",
        type=whole_number,
        default=int(GRACE),
        metavar="SECONDS",
        help="how long it may take until it is killed (10)",
    )
    parser.add_argument("containers", metavar="CONTAINER", nargs="+", help="names or IDs")


def run(context: Context) -> int:
    """Ask containers to end, and kill those that don't."""
    args = context.args

    def one(name: str) -> str:
        return stop(context.store, name, args.time).id

    return each(context, args.containers, one, lambda ids: {"stopped": ids})
