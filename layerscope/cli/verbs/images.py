"""``layerscope images``."""

from __future__ import annotations

from layerscope.cli.context import Context
from layerscope.cli.parser import Parser, add_listing_options
from layerscope.units import ago_text
from layerscope.usecases.images import ImageRow, list_images

_HEADINGS = {
    "Repository": "REPOSITORY",
    "Tag": "TAG",
    "ID": "IMAGE ID",
    "Digest": "DIGEST",
    "CreatedSince": "CREATED",
    "CreatedAt": "CREATED AT",
    "Size": "SIZE",
    "VirtualSize": "SIZE",
    "SharedSize": "SHARED SIZE",
    "UniqueSize": "UNIQUE SIZE",
    "Containers": "CONTAINERS",
}
_COLUMNS = ("Repository", "Tag", "ID", "CreatedSince", "Size")
NONE = "<none>"


def configure(parser: Parser) -> None:
    """Say the words of the verb."""
    parser.add_argument("-a", "--all", action="store_true", help="also those that others stand on")
    add_listing_options(parser)


def run(context: Context) -> int:
    """List the images."""
    rows = list_images(context.store, every=context.args.all)
    if context.args.json:
        return context.print_json([_document(row) for row in rows])
    lines = [fields for row in rows for fields in _fields(context, row)]
    return context.listing(_HEADINGS, lines, columns=_COLUMNS)


def _document(row: ImageRow) -> dict[str, object]:
    return {
        "id": str(row.image.id),
        "names": list(row.image.names),
        "created": row.image.created,
        "size": row.size,
        "shared_size": row.shared_size,
        "unique_size": row.unique_size,
        "containers": row.containers,
    }


def _fields(context: Context, row: ImageRow) -> list[dict[str, str]]:
    image = row.image
    common = {
        "ID": str(image.id) if context.args.no_trunc else image.id.short,
        "Digest": str(image.manifest.digest),
        "CreatedSince": ago_text(image.created),
        "CreatedAt": image.created,
        "Size": context.size(row.size),
        "VirtualSize": context.size(row.size),
        "SharedSize": context.size(row.shared_size),
        "UniqueSize": context.size(row.unique_size),
        "Containers": str(row.containers),
    }
    named = [split_name(name) for name in image.names] or [(NONE, NONE)]
    return [{"Repository": repository, "Tag": tag, **common} for repository, tag in named]


def split_name(name: str) -> tuple[str, str]:
    """Repository and tag of a name of the store, which always has both."""
    repository, _, tag = name.rpartition(":")
    return repository, tag
