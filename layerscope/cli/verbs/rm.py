"""``layerscope rm``."""

from __future__ import annotations

from layerscope.cli.context import Context
from layerscope.cli.each import each
from layerscope.cli.parser import Parser
from layerscope.usecases.containers import remove


def configure(parser: Parser) -> None:
    """Say the words of the verb."""
    parser.add_argument("-f", "--force", action="store_true", help="running ones, too")
    parser.add_argument("-v", "--volumes", action="store_true", help="their anonymous volumes, too")
    parser.add_argument("containers", metavar="CONTAINER", nargs="+", help="names or IDs")


def run(context: Context) -> int:
    """Remove containers with their writable layers; volumes stay."""
    args = context.args

    def one(name: str) -> str:
        return remove(context.store, name, force=args.force, with_volumes=args.volumes).id

    return each(context, args.containers, one, lambda ids: {"removed": ids})
