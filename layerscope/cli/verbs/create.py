"""``layerscope create``."""

from __future__ import annotations

from layerscope.cli.container_options import add_container_options, wanted
from layerscope.cli.context import Context
from layerscope.cli.parser import Parser
from layerscope.usecases.containers import create


def configure(parser: Parser) -> None:
    """Say the words of the verb."""
    add_container_options(parser)
    parser.add_argument("image", metavar="IMAGE", help="a name or ID of the store")
    parser.add_command()


def run(context: Context) -> int:
    """Put a writable layer over an image."""
    made = create(context.store, context.args.image, wanted(context.args))
    if context.args.json:
        return context.print_json({"id": made.id, "name": made.name})
    context.print([made.id])
    return 0
