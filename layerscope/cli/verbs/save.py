"""``layerscope save``."""

from __future__ import annotations

from pathlib import Path

from layerscope.cli.context import Context
from layerscope.cli.parser import Parser
from layerscope.usecases.save import FORMATS, save

EXAMPLES = """\
layerscope save web:1.2 -o web.tar
layerscope save web:1.1 web:1.2 -o folder --format oci"""


def configure(parser: Parser) -> None:
    """Say the words of the verb."""
    parser.add_argument("images", metavar="IMAGE", nargs="+", help="names or IDs of the store")
    parser.add_argument("-o", "--output", required=True, metavar="FILE", help="where to write")
    parser.add_argument("--format", choices=FORMATS, default=FORMATS[0], help=f"({FORMATS[0]})")
    parser.epilog = "OCI to OCI keeps every digest. With oci, FILE is a folder; it may have images."


def run(context: Context) -> int:
    """Write images out."""
    args = context.args
    save(context.store, args.images, Path(args.output), args.format, context.progress)
    if args.json:
        return context.print_json({"images": args.images, "output": args.output})
    return 0
