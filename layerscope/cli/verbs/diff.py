"""``layerscope diff``."""

from __future__ import annotations

from layerscope.accounting.changes import Change
from layerscope.cli.context import Context
from layerscope.cli.parser import Parser
from layerscope.cli.text import exact, shown
from layerscope.usecases.containers import diff


def configure(parser: Parser) -> None:
    """Say the words of the verb."""
    parser.add_argument("container", metavar="CONTAINER", help="a name or ID")
    parser.epilog = "Files that were copied up and look as before are no change, but they cost."


def run(context: Context) -> int:
    """Show what a container changed."""
    found = diff(context.store, context.args.container)
    if context.args.json:
        return context.print_json([_document(change) for change in found.changes])
    context.print(f"{change.kind.value} {shown(change.path)}" for change in found.changes)
    return 0


def _document(change: Change) -> dict[str, object]:
    return {
        "kind": change.kind.value,
        "path": exact(change.path),
        "size": change.size,
        "copied_up": change.copied_up,
        "from_layer": change.from_layer,
    }
