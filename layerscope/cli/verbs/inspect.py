"""``layerscope inspect``."""

from __future__ import annotations

import json
import sys

from layerscope.cli.context import Context
from layerscope.cli.parser import Parser
from layerscope.usecases.inspect import inspect

EXAMPLES = "layerscope inspect web:1.2"


def configure(parser: Parser) -> None:
    """Say the words of the verb."""
    parser.add_argument("names", metavar="NAME", nargs="+", help="of containers, images, volumes")


def run(context: Context) -> int:
    """Show everything known; always JSON, indented unless ``--json``."""
    found = [inspect(context.store, name) for name in context.args.names]
    if context.args.json:
        return context.print_json(found)
    sys.stdout.write(json.dumps(found, indent=4) + "\n")
    return 0
