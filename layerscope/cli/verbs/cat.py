"""``layerscope cat``."""

from __future__ import annotations

import sys

from layerscope.cli.context import Context
from layerscope.cli.parser import Parser, add_target, whole_number
from layerscope.cli.text import as_bytes
from layerscope.errors import UsageError
from layerscope.usecases.content import read_file

EXAMPLES = """\
layerscope cat image.tar /etc/os-release
layerscope cat web:1.2 /etc/nginx/nginx.conf --layer 0"""


def configure(parser: Parser) -> None:
    """Say the words of the verb."""
    add_target(parser)
    parser.add_argument("path", metavar="PATH", help="a file in the image")
    parser.add_argument(
        "--layer", type=whole_number, metavar="N", help="as it is after layer N, not the last"
    )


def run(context: Context) -> int:
    """Print a file's bytes."""
    args = context.args
    if args.json:
        raise UsageError("cat", "a file's bytes are no JSON", "tree, for what is known of it")
    path = as_bytes(args.path)
    if args.layer is None:
        image, path, _ = context.open_seen(args.target, path, follow=True)
    else:
        image = context.open_image(args.target, last=args.layer)
    for chunk in read_file(image, path, args.layer):
        sys.stdout.buffer.write(chunk)
    sys.stdout.buffer.flush()
    return 0
