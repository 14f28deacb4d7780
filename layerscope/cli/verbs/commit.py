"""``layerscope commit``."""

from __future__ import annotations

from layerscope.cli.context import Context
from layerscope.cli.parser import Parser
from layerscope.usecases.containers import commit


def configure(parser: Parser) -> None:
    """Say the words of the verb."""
    parser.add_argument("-m", "--message", default="", metavar="TEXT", help="a comment")
    parser.add_argument("container", metavar="CONTAINER", help="a name or ID")
    parser.add_argument("name", metavar="NAME", nargs="?", help="the new image's name")


def run(context: Context) -> int:
    """Make a container's writable layer an image layer."""
    args = context.args
    image = commit(context.store, args.container, args.name, args.message)
    if args.json:
        return context.print_json({"id": str(image.id)})
    context.print([str(image.id)])
    return 0
