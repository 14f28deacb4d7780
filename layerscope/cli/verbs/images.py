"""``layerscope images``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from layerscope.cli.context import Context
from layerscope.cli.failure import tell
from layerscope.cli.parser import Parser, add_listing_options
from layerscope.cli.times import local_time, told_time
from layerscope.units import ago_text
from layerscope.usecases.images import ImageRow, list_images

if TYPE_CHECKING:
    from layerscope.sources.found import FoundImage

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
    "Source": "SOURCE",
    "Target": "TARGET",
}
_COLUMNS = ("Repository", "Tag", "ID", "CreatedSince", "Size")
_WITH_SOURCE = (*_COLUMNS, "Source")
_WITH_DIGEST = ("Repository", "Tag", "Digest", *_COLUMNS[2:])
NONE = "<none>"
_OWN = "layerscope"

EXAMPLES = """\
layerscope images
layerscope images web
layerscope images --all-sources
layerscope images --format 'table {{.Repository}}\\t{{.Size}}\\t{{.UniqueSize}}'"""


def configure(parser: Parser) -> None:
    """Say the words of the verb."""
    parser.add_argument("name", nargs="?", metavar="NAME", help="only NAME, or NAME:TAG")
    parser.add_argument("-a", "--all", action="store_true", help="also those that others stand on")
    parser.add_argument("--digests", action="store_true", help="their manifests' digests, too")
    told = "also those of this user's Docker and Podman, where there are any"
    parser.add_argument("--all-sources", action="store_true", help=told)
    add_listing_options(parser)


def run(context: Context) -> int:
    """List the images."""
    args = context.args
    rows = [row for row in list_images(context.store, every=args.all) if _is_meant(row, args.name)]
    found = [one for one in _found(context) if _has_name(one.names, args.name)]
    if args.json:
        own = [_document(row) for row in rows]
        if args.all_sources:
            own = [{**one, "source": _OWN, "target": one["id"]} for one in own]
        return context.print_json([*own, *map(_found_document, found)])
    lines = [fields for row in rows for fields in _fields(context, row, args.name)]
    lines += [fields for one in found for fields in _found_fields(context, one, args.name)]
    columns = _WITH_DIGEST if args.digests else _WITH_SOURCE if args.all_sources else _COLUMNS
    return context.listing(_HEADINGS, lines, columns=columns)


def _found(context: Context) -> list[FoundImage]:
    """Those of other engines, if they are asked for; an engine that can't be asked is a line."""
    if not context.args.all_sources:
        return []
    from layerscope.usecases.foreign import foreign_images

    return foreign_images(tell, every=context.args.all)


def _is_meant(row: ImageRow, wanted: str | None) -> bool:
    return _has_name(row.image.names, wanted)


def _has_name(names: Sequence[str], wanted: str | None) -> bool:
    return wanted is None or any(_fits(name, wanted) for name in names)


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


def _found_document(found: FoundImage) -> dict[str, object]:
    return {
        "id": found.id,
        "names": list(found.names),
        "created": told_time(found.created),
        "size": found.size,
        "shared_size": None,
        "unique_size": None,
        "containers": None,
        "source": found.engine.value,
        "target": found.target,
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
        "Source": _OWN,
        "Target": image.names[0] if image.names else str(image.id),
    }
    return _named(common, image.names, wanted)


def _found_fields(context: Context, found: FoundImage, wanted: str | None) -> list[dict[str, str]]:
    common = {
        "ID": found.id if context.args.no_trunc else found.id.partition(":")[2][:12],
        "Digest": NONE,
        "CreatedSince": ago_text(found.created),
        "CreatedAt": local_time(found.created),
        "Size": context.size(found.size),
        "VirtualSize": context.size(found.size, 4),
        **dict.fromkeys(("SharedSize", "UniqueSize", "Containers"), "N/A"),
        "Source": found.engine.value,
        "Target": found.target,
    }
    return _named(common, found.names, wanted)


def _named(
    common: dict[str, str], names: Sequence[str], wanted: str | None
) -> list[dict[str, str]]:
    """A line a name that is meant."""
    named = [split_name(name) for name in names if wanted is None or _fits(name, wanted)]
    if not names and wanted is None:
        named = [(NONE, NONE)]
    return [{"Repository": repository, "Tag": tag, **common} for repository, tag in named]


def split_name(name: str) -> tuple[str, str]:
    """Repository and tag of a name, which always has both."""
    repository, _, tag = name.rpartition(":")
    return repository, tag
