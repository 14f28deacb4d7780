"""``layerscope history``."""

from __future__ import annotations

from layerscope.cli.context import Context
from layerscope.cli.parser import Parser, add_listing_options, add_target
from layerscope.cli.text import shortened, shown_text
from layerscope.cli.times import local_rfc3339, told_time
from layerscope.errors import UsageError
from layerscope.oci.digest import Digest
from layerscope.units import ago_text
from layerscope.usecases.history import MISSING, HistoryRow, history_of_target

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

EXAMPLES = """\
layerscope history web:1.2
layerscope history image.tar --no-trunc
layerscope history image.tar --dockerfile       the steps as a Dockerfile
layerscope history web:1.2 --format '{{.Size}}\\t{{.CreatedBy}}'"""


def configure(parser: Parser) -> None:
    """Say the words of the verb."""
    add_target(parser, metavar="IMAGE")
    add_listing_options(parser)
    parser.add_argument(
        "--dockerfile",
        action="store_true",
        help="as a Dockerfile; what the history doesn't say stands in comments",
    )


def run(context: Context) -> int:
    """Show how an image came to be."""
    store, target = context.store, context.args.target
    if context.args.dockerfile:
        return _dockerfile(context)
    rows = history_of_target(store, target, context.progress, context.platform)
    if context.args.json:
        return context.print_json([_document(row) for row in rows])
    return context.listing(_HEADINGS, [_fields(context, r) for r in rows], columns=_COLUMNS)


def _dockerfile(context: Context) -> int:
    from layerscope.usecases.dockerfile import dockerfile_of_target

    args = context.args
    for option, is_given in (("--json", args.json), ("--format", args.format), ("-q", args.quiet)):
        if is_given:
            raise UsageError(
                f"--dockerfile {option}", "a Dockerfile is plain text: give one of them"
            )
    told = dockerfile_of_target(context.store, args.target, context.progress, context.platform)
    context.print(told.lines)
    return 0


def _document(row: HistoryRow) -> dict[str, object]:
    return {
        "id": row.id,
        "created": told_time(row.created),
        "created_by": row.created_by,
        "size": row.size,
        "comment": row.comment,
        "empty_layer": row.empty_layer,
        "diff_id": row.diff_id,
    }


def _fields(context: Context, row: HistoryRow) -> dict[str, str]:
    long = context.args.no_trunc
    created_by = shown_text(row.created_by.replace("\t", " "))
    identity = row.id if long or row.id == MISSING else Digest.parse(row.id).short
    return {
        "ID": identity,
        "CreatedSince": ago_text(row.created),
        "CreatedAt": local_rfc3339(row.created),
        "CreatedBy": created_by if long else shortened(created_by, _WIDTH),
        "Size": context.size(row.size),
        "Comment": shown_text(row.comment),
    }
