"""``layerscope kill``."""

from __future__ import annotations

from layerscope.cli.context import Context
from layerscope.cli.each import each
from layerscope.cli.parser import Parser
from layerscope.usecases.run import kill


def configure(parser: Parser) -> None:
    """Say the words of the verb."""
    parser.add_argument("-s", "--signal", default="KILL", metavar="NAME", help="KILL if not given")
    parser.add_argument("containers", metavar="CONTAINER", nargs="+", help="names or IDs")


def run(context: Context) -> int:
    """Send a signal to the programs of containers."""
    args = context.args

    def one(name: str) -> str:
        return kill(context.store, name, args.signal).id

    return each(context, args.containers, one, lambda ids: {"killed": ids})
