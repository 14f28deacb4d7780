"""``layerscope commit``."""

from __future__ import annotations

from layerscope.cli.context import Context
from layerscope.cli.parser import Parser
from layerscope.usecases.containers import commit

EXAMPLES = """\
layerscope commit web web:mended
layerscope commit -m "with tools" -c 'CMD ["sh"]' -c 'ENV A=1' web tools:1"""


def configure(parser: Parser) -> None:
    """Say the words of the verb."""
    parser.add_argument("-a", "--author", default="", metavar="WHO", help="who made it")
    parser.add_argument(
        "-c",
        "--change",
        action="append",
        default=[],
        metavar="INSTRUCTION",
        help="for its config, as in a Dockerfile: CMD, ENV, USER, WORKDIR, …",
    )
    parser.add_argument("-m", "--message", default="", metavar="TEXT", help="a comment")
    parser.add_argument("container", metavar="CONTAINER", help="a name or ID")
    parser.add_argument("name", metavar="NAME", nargs="?", help="the new image's name")


def run(context: Context) -> int:
    """Make a container's writable layer an image layer."""
    args = context.args
    told = (args.message, args.author, args.change)
    image = commit(context.store, args.container, args.name, *told)
    if args.json:
        return context.print_json({"id": str(image.id)})
    context.print([str(image.id)])
    return 0
