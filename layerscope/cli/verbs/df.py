"""``layerscope df``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict

from layerscope.cli.context import Context
from layerscope.cli.failure import tell
from layerscope.cli.parser import Parser
from layerscope.cli.status import status
from layerscope.cli.table import table
from layerscope.cli.text import shortened, shown_text
from layerscope.cli.verbs.images import NONE, split_name
from layerscope.containers.record import State
from layerscope.units import ago_text
from layerscope.usecases.containers import list_containers
from layerscope.usecases.df import ContainerUse, DiskUsage, Usage, VolumeUse, disk_usage
from layerscope.usecases.volumes import list_volumes

_FIELDS = {
    "Type": "TYPE",
    "TotalCount": "TOTAL",
    "Active": "ACTIVE",
    "Size": "SIZE",
    "Reclaimable": "RECLAIMABLE",
}
_CACHE_NAME = "Build Cache"  # has no percentage with Docker
_WIDTH = 20
_IMAGES = "REPOSITORY TAG IMAGE_ID CREATED SIZE SHARED_SIZE UNIQUE_SIZE CONTAINERS"
_CONTAINERS = "CONTAINER_ID IMAGE COMMAND LOCAL_VOLUMES SIZE CREATED STATUS NAMES"
_VOLUMES = "VOLUME_NAME LINKS SIZE"
_CACHE = "CACHE_ID CACHE_TYPE SIZE CREATED LAST_USED USAGE SHARED"


def configure(parser: Parser) -> None:
    """Say the words of the verb."""
    parser.add_argument("-v", "--verbose", action="store_true", help="each thing by itself")
    parser.add_argument("--format", metavar="TEMPLATE", help="Docker's: '{{.Type}}: {{.Size}}'")
    parser.epilog = "What could be freed of images is what no container's image has for itself."


def run(context: Context) -> int:
    """Show what the store holds."""
    usage = disk_usage(context.store, container_uses(context), volume_uses(context))
    if context.args.json:
        return context.print_json(_document(usage))
    if context.args.verbose:
        context.print(_verbose(context, usage))
        return 0
    kinds = {
        "Images": usage.images,
        "Containers": usage.containers,
        "Local Volumes": usage.volumes,
        _CACHE_NAME: usage.build_cache,
    }
    rows = [_fields(context, name, kind) for name, kind in kinds.items()]
    return context.listing(_FIELDS, rows, columns=tuple(_FIELDS))


def container_uses(context: Context) -> list[ContainerUse]:
    """The containers as far as space goes."""
    return [
        ContainerUse(
            id=row.container.id,
            name=row.container.name,
            image=row.container.image_name,
            command=" ".join(row.container.settings.command),
            created=row.container.created,
            status=status(row.container),
            running=row.container.state is State.RUNNING,
            size=row.size_rw,
            volumes=len(row.container.volumes),
        )
        for row in list_containers(context.store, tell=tell)
    ]


def volume_uses(context: Context) -> list[VolumeUse]:
    """The volumes as far as space goes."""
    rows = list_volumes(context.store)
    return [VolumeUse(row.name, row.size, len(row.containers)) for row in rows]


def _document(usage: DiskUsage) -> dict[str, object]:
    names = ("images", "containers", "volumes", "build_cache")
    return {name: asdict(getattr(usage, name)) for name in names}


def _fields(context: Context, name: str, kind: Usage) -> dict[str, str]:
    reclaimable = context.size(kind.reclaimable, 4)
    if kind.size and name != _CACHE_NAME:
        reclaimable += f" ({kind.reclaimable * 100 // kind.size}%)"
    return {
        "Type": name,
        "TotalCount": str(kind.total),
        "Active": str(kind.active),
        "Size": context.size(kind.size, 4),
        "Reclaimable": reclaimable,
    }


def _verbose(context: Context, usage: DiskUsage) -> Iterator[str]:
    yield from ("Images space usage:", "")
    yield from _section(_IMAGES, _image_cells(context, usage))
    yield from ("", "Containers space usage:", "")
    yield from _section(_CONTAINERS, _container_cells(context, usage))
    yield from ("", "Local Volumes space usage:", "")
    volumes = [(v.name, str(v.links), context.size(v.size, 4)) for v in usage.volume_rows]
    yield from _section(_VOLUMES, volumes)
    yield from ("", f"Build cache usage: {context.size(usage.build_cache.size, 4)}", "")
    yield from _section(_CACHE, [])


def _section(headings: str, rows: Sequence[Sequence[str]]) -> list[str]:
    return table([heading.replace("_", " ") for heading in headings.split()], rows)


def _image_cells(context: Context, usage: DiskUsage) -> Sequence[Sequence[str]]:
    rows = []
    for row in usage.image_rows:
        names = [split_name(name) for name in row.image.names[:1]] or [(NONE, NONE)]
        sizes = (context.size(row.shared_size, 4), context.size(row.unique_size, 4))
        identity = (row.image.id.short, ago_text(row.image.created), context.size(row.size))
        rows.append((*names[0], *identity, *sizes, str(row.containers)))
    return rows


def _container_cells(context: Context, usage: DiskUsage) -> Sequence[Sequence[str]]:
    return [
        (
            row.id[:12],
            row.image,
            _quoted(row.command),
            str(row.volumes),
            context.size(row.size),
            ago_text(row.created),
            row.status,
            row.name,
        )
        for row in usage.container_rows
    ]


def _quoted(command: str) -> str:
    return f'"{shortened(shown_text(command), _WIDTH)}"'
