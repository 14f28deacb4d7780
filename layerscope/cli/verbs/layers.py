"""``layerscope layers``."""

from __future__ import annotations

from dataclasses import asdict

from layerscope.cli.context import Context
from layerscope.cli.parser import Parser, add_listing_options, add_target
from layerscope.cli.text import shortened, shown_text
from layerscope.oci.digest import Digest
from layerscope.usecases.layers import LayerRow, list_layers

_HEADINGS = {
    "Index": "LAYER",
    "Digest": "DIGEST",
    "DiffID": "DIFF ID",
    "Size": "SIZE",
    "BlobSize": "BLOB",
    "Files": "FILES",
    "Added": "ADDED",
    "Modified": "MODIFIED",
    "Removed": "REMOVED",
    "Wasted": "WASTED",
    "CreatedBy": "CREATED BY",
}
_COLUMNS = ("Index", "DiffID", "Size", "Files", "Added", "Modified", "Removed", "Wasted")
_WIDTH = 60

EXAMPLES = """\
layerscope layers image.tar
layerscope layers oci:folder:web --platform linux/arm64 --json
layerscope layers web:1.2 --format '{{.Size}}\\t{{.Wasted}}\\t{{.CreatedBy}}'"""


def configure(parser: Parser) -> None:
    """Say the words of the verb."""
    add_target(parser)
    add_listing_options(parser, quiet="diffIDs")


def run(context: Context) -> int:
    """Show the layers of an image."""
    rows = list_layers(context.open_image(context.args.target))
    if context.args.json:
        return context.print_json([asdict(row) for row in rows])
    fields = [_fields(context, row) for row in rows]
    return context.listing(_HEADINGS, fields, columns=(*_COLUMNS, "CreatedBy"), quiet="DiffID")


def _fields(context: Context, row: LayerRow) -> dict[str, str]:
    long = context.args.no_trunc
    command = shown_text(row.created_by.replace("\t", " "))
    return {
        "Index": str(row.index),
        "Digest": row.digest if long else Digest.parse(row.digest).short,
        "DiffID": row.diff_id if long else Digest.parse(row.diff_id).short,
        "Size": context.size(row.size),
        "BlobSize": context.size(row.blob_size),
        "Files": str(row.files),
        "Added": f"{row.added} ({context.size(row.added_bytes)})",
        "Modified": f"{row.modified} ({context.size(row.modified_bytes)})",
        "Removed": f"{row.removed} ({context.size(row.removed_bytes)})",
        "Wasted": context.size(row.wasted_bytes),
        "CreatedBy": command if long else shortened(command, _WIDTH),
    }
