"""``layerscope wait``."""

from __future__ import annotations

from layerscope.cli.context import Context
from layerscope.cli.each import each
from layerscope.cli.parser import Parser
from layerscope.usecases.run import wait


def configure(parser: Parser) -> None:
    """Say the words of the verb."""
    parser.add_argument("containers", metavar="CONTAINER", nargs="+", help="names or IDs")


def run(context: Context) -> int:
    """Wait until containers have ended, and print their exit codes."""

    def one(name: str) -> int:
        return wait(context.store, name)

    names = context.args.containers
    return each(context, names, one, lambda codes: {"exit_codes": codes}, lambda _, code: str(code))
