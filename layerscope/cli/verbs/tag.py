"""``layerscope tag``."""

from __future__ import annotations

from layerscope.cli.context import Context
from layerscope.cli.parser import Parser


def configure(parser: Parser) -> None:
    """Say the words of the verb."""
    parser.add_argument("image", metavar="IMAGE", help="a name or ID of the store")
    parser.add_argument("name", metavar="NAME", help="its new name")


def run(context: Context) -> int:
    """Give an image another name."""
    context.store.tag(context.args.image, context.args.name)
    if context.args.json:
        image = context.store.resolve(context.args.name)
        return context.print_json({"id": str(image.id), "names": list(image.names)})
    return 0
