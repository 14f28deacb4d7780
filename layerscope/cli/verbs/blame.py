"""``layerscope blame``."""

from __future__ import annotations

from layerscope.cli.context import Context
from layerscope.cli.parser import Parser, add_target
from layerscope.cli.table import table
from layerscope.cli.text import as_bytes, shown_text
from layerscope.index.change import Change
from layerscope.usecases.blame import BlameRow, blame

_WORDS = {
    Change.ADDED: "added",
    Change.MODIFIED: "modified",
    Change.METADATA: "metadata",
    Change.REMOVED: "removed",
    Change.REPEATED: "repeated",
}

EXAMPLES = "layerscope blame image.tar /etc/passwd"


def configure(parser: Parser) -> None:
    """Say the words of the verb."""
    add_target(parser)
    parser.add_argument("path", metavar="PATH", help="a path in the image")


def run(context: Context) -> int:
    """Show every layer that touched a path."""
    rows = blame(context.open_image(context.args.target), as_bytes(context.args.path))
    if context.args.json:
        return context.print_json([_document(row) for row in rows])
    cells = [
        (
            str(row.layer),
            _WORDS[row.change],
            context.size(row.size) if row.size is not None else "",
            f"{row.mode:04o}" if row.mode is not None else "",
            shown_text(row.created_by),
        )
        for row in rows
    ]
    context.print(table(("LAYER", "CHANGE", "SIZE", "MODE", "CREATED BY"), cells))
    return 0


def _document(row: BlameRow) -> dict[str, object]:
    return {
        "layer": row.layer,
        "change": row.change.letter or "C",
        "size": row.size,
        "mode": f"{row.mode:04o}" if row.mode is not None else None,
        "xxh3": f"{row.xxh3:016x}" if row.xxh3 is not None else None,
        "created_by": row.created_by,
    }
