"""``layerscope wait``."""

from __future__ import annotations

from layerscope.cli.context import Context
from layerscope.cli.parser import Parser
from layerscope.usecases.run import wait


def configure(parser: Parser) -> None:
    """Say the words of the verb."""
    parser.add_argument("containers", metavar="CONTAINER", nargs="+", help="names or IDs")


def run(context: Context) -> int:
    """Wait until containers have ended, and print their exit codes."""
    codes = [wait(context.store, name) for name in context.args.containers]
    if context.args.json:
        return context.print_json({"exit_codes": codes})
    context.print(map(str, codes))
    return 0
