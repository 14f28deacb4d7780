"""``layerscope load``."""

from __future__ import annotations

from layerscope.cli.context import Context
from layerscope.cli.copied import print_copied
from layerscope.cli.parser import Parser, add_target
from layerscope.usecases.load import load

EXAMPLES = """\
layerscope load image.tar
docker save web:1.2 | layerscope load -
layerscope load oci:folder:web --platform linux/arm64 -t web:arm"""


def configure(parser: Parser) -> None:
    """Say the words of the verb."""
    add_target(parser)
    parser.add_argument(
        "-t", "--tag", action="append", default=[], metavar="NAME", help="its name here"
    )


def run(context: Context) -> int:
    """Copy an image into the store."""
    args = context.args
    done = load(context.store, args.target, args.tag, context.progress, context.platform)
    return print_copied(context, "Loaded", done)
