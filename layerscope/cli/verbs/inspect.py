"""``layerscope inspect``."""

from __future__ import annotations

import json
import sys

from layerscope.cli.context import Context
from layerscope.cli.parser import Parser
from layerscope.usecases.inspect import inspect_image


def configure(parser: Parser) -> None:
    """Say the words of the verb."""
    parser.add_argument("names", metavar="NAME", nargs="+", help="names or IDs of the store")


def run(context: Context) -> int:
    """Show everything known; always JSON, indented unless ``--json``."""
    found = [inspect_image(context.store, name) for name in context.args.names]
    if context.args.json:
        return context.print_json(found)
    sys.stdout.write(json.dumps(found, indent=4) + "\n")
    return 0
