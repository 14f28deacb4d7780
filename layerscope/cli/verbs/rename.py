"""``layerscope rename``."""

from __future__ import annotations

from layerscope.cli.context import Context
from layerscope.cli.parser import Parser
from layerscope.usecases.containers import rename


def configure(parser: Parser) -> None:
    """Say the words of the verb."""
    parser.add_argument("container", metavar="CONTAINER", help="a name or ID")
    parser.add_argument("name", metavar="NAME", help="its new name")


def run(context: Context) -> int:
    """Give a container another name."""
    rename(context.store, context.args.container, context.args.name)
    if context.args.json:
        return context.print_json({"name": context.args.name})
    return 0
