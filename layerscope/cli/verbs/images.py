"""``layerscope images``."""

from __future__ import annotations

from layerscope.cli.context import Context
from layerscope.cli.parser import Parser, add_listing_options
from layerscope.cli.times import local_time, told_time
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
_WITH_DIGEST = ("Repository", "Tag", "Digest", *_COLUMNS[2:])
NONE = "<none>"

EXAMPLES = """\
layerscope images
layerscope images web
layerscope images --format 'table {{.Repository}}\\t{{.Size}}\\t{{.UniqueSize}}'"""


def configure(parser: Parser) -> None:
    """Say the words of the verb."""
    parser.add_argument("name", nargs="?", metavar="NAME", help="only NAME, or NAME:TAG")
    parser.add_argument("-a", "--all", action="store_true", help="also those that others stand on")
    parser.add_argument("--digests", action="store_true", help="their manifests' digests, too")
    add_listing_options(parser)


def run(context: Context) -> int:
    """List the images."""
    args = context.args
    rows = list_images(context.store, every=args.all)
    if args.json:
        return context.print_json([_document(row) for row in rows if _is_meant(row, args.name)])
    lines = [fields for row in rows for fields in _fields(context, row, args.name)]
    columns = _WITH_DIGEST if args.digests else _COLUMNS
    return context.listing(_HEADINGS, lines, columns=columns)


def _is_meant(row: ImageRow, wanted: str | None) -> bool:
    return wanted is None or any(_fits(name, wanted) for name in row.image.names)


def _fits(name: str, wanted: str) -> bool:
    """Whether a name is ``wanted`` with or without its tag."""
    return wanted in (name, split_name(name)[0])


def _document(row: ImageRow) -> dict[str, object]:
    return {
        "id": str(row.image.id),
        "names": list(row.image.names),
        "created": told_time(row.image.created),
        "size": row.size,
        "shared_size": row.shared_size,
        "unique_size": row.unique_size,
        "containers": row.containers,
    }


def _fields(context: Context, row: ImageRow, wanted: str | None) -> list[dict[str, str]]:
    image = row.image
    common = {
        "ID": str(image.id) if context.args.no_trunc else image.id.short,
        "Digest": str(image.manifest.digest),
        "CreatedSince": ago_text(image.created),
        "CreatedAt": local_time(image.created),
        "Size": context.size(row.size),
        "VirtualSize": context.size(row.size, 4),
        "SharedSize": context.size(row.shared_size),
        "UniqueSize": context.size(row.unique_size),
        "Containers": str(row.containers),
    }
    named = [split_name(name) for name in image.names if wanted is None or _fits(name, wanted)]
    if not image.names and wanted is None:
        named = [(NONE, NONE)]
    return [{"Repository": repository, "Tag": tag, **common} for repository, tag in named]


def split_name(name: str) -> tuple[str, str]:
    """Repository and tag of a name of the store, which always has both."""
    repository, _, tag = name.rpartition(":")
    return repository, tag
