"""``layerscope tag``."""

from __future__ import annotations

from dataclasses import asdict

from layerscope.cli.context import Context
from layerscope.cli.parser import Parser
from layerscope.usecases.names import tag

EXAMPLES = "layerscope tag web:1.2 registry.example/team/web:latest"


def configure(parser: Parser) -> None:
    """Say the words of the verb."""
    parser.add_argument("image", metavar="IMAGE", help="a name or ID of the store")
    parser.add_argument("name", metavar="NAME", help="its new name")


def run(context: Context) -> int:
    """Give an image another name."""
    tagged = tag(context.store, context.args.image, context.args.name)
    return context.print_json(asdict(tagged)) if context.args.json else 0
