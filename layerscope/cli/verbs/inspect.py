"""``layerscope inspect``."""

from __future__ import annotations

import json
import sys
from typing import Any

from layerscope.cli.context import Context
from layerscope.cli.parser import Parser
from layerscope.errors import LayerscopeError
from layerscope.usecases.inspect import inspect

EXAMPLES = """\
layerscope inspect web:1.2
layerscope inspect image.tar"""


def configure(parser: Parser) -> None:
    """Say the words of the verb."""
    parser.add_argument(
        "names", metavar="NAME", nargs="+", help="of containers, images, volumes; or TARGETs"
    )


def run(context: Context) -> int:
    """Show everything known; always JSON, indented unless ``--json``."""
    found: list[dict[str, Any]] = []
    failure: LayerscopeError | None = None
    for name in context.args.names:
        try:
            found.append(inspect(context.store, name, context.progress))
        except LayerscopeError as error:
            failure = failure or error
    if found:
        indent = None if context.args.json else 4
        sys.stdout.write(json.dumps(found, indent=indent) + "\n")
    if failure:
        raise failure
    return 0
