"""``layerscope history``."""

from __future__ import annotations

from layerscope.cli.context import Context
from layerscope.cli.parser import Parser, add_listing_options
from layerscope.cli.text import shown_text
from layerscope.oci.digest import Digest
from layerscope.units import ago_text
from layerscope.usecases.history import MISSING, HistoryRow, history

_HEADINGS = {
    "ID": "IMAGE",
    "CreatedSince": "CREATED",
    "CreatedAt": "CREATED AT",
    "CreatedBy": "CREATED BY",
    "Size": "SIZE",
    "Comment": "COMMENT",
}
_COLUMNS = ("ID", "CreatedSince", "CreatedBy", "Size", "Comment")
_WIDTH = 45


def configure(parser: Parser) -> None:
    """Say the words of the verb."""
    parser.add_argument("image", metavar="IMAGE", help="a name or ID of the store")
    add_listing_options(parser)


def run(context: Context) -> int:
    """Show how an image came to be."""
    rows = history(context.store, context.store.resolve(context.args.image))
    if context.args.json:
        return context.print_json([_document(row) for row in rows])
    return context.listing(_HEADINGS, [_fields(context, r) for r in rows], columns=_COLUMNS)


def _document(row: HistoryRow) -> dict[str, object]:
    return {
        "id": row.id,
        "created": row.created,
        "created_by": row.created_by,
        "size": row.size,
        "comment": row.comment,
        "empty_layer": row.empty_layer,
        "diff_id": row.diff_id,
    }


def _fields(context: Context, row: HistoryRow) -> dict[str, str]:
    long = context.args.no_trunc
    created_by = shown_text(row.created_by)
    if not long and len(created_by) > _WIDTH:
        created_by = created_by[: _WIDTH - 1] + "…"
    identity = row.id if long or row.id == MISSING else Digest.parse(row.id).short
    return {
        "ID": identity,
        "CreatedSince": ago_text(row.created),
        "CreatedAt": row.created,
        "CreatedBy": created_by,
        "Size": context.size(row.size),
        "Comment": shown_text(row.comment),
    }
