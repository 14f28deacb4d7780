"""``layerscope ps``."""

from __future__ import annotations

from layerscope.cli.context import Context
from layerscope.cli.parser import Parser, add_listing_options
from layerscope.cli.status import status
from layerscope.cli.text import shown_text
from layerscope.units import ago_text
from layerscope.usecases.containers import ContainerRow, list_containers

_HEADINGS = {
    "ID": "CONTAINER ID",
    "Image": "IMAGE",
    "Command": "COMMAND",
    "CreatedAt": "CREATED AT",
    "RunningFor": "CREATED",
    "Status": "STATUS",
    "State": "STATE",
    "Names": "NAMES",
    "Size": "SIZE",
    "Mounts": "MOUNTS",
    "LocalVolumes": "LOCAL VOLUMES",
}
_COLUMNS = ("ID", "Image", "Command", "RunningFor", "Status", "Names")
_WIDTH = 20


def configure(parser: Parser) -> None:
    """Say the words of the verb."""
    parser.add_argument("-a", "--all", action="store_true", help="not only running ones")
    parser.add_argument("-s", "--size", action="store_true", help="sizes, too")
    add_listing_options(parser)


def run(context: Context) -> int:
    """List containers."""
    args = context.args
    rows = list_containers(context.store, every=args.all)
    if args.json:
        return context.print_json([_document(row) for row in rows])
    columns = (*_COLUMNS, "Size") if args.size else _COLUMNS
    return context.listing(_HEADINGS, [_fields(context, row) for row in rows], columns=columns)


def _document(row: ContainerRow) -> dict[str, object]:
    container = row.container
    return {
        "id": container.id,
        "name": container.name,
        "image": container.image_name,
        "command": list(container.settings.command),
        "created": container.created,
        "status": container.state.value,
        "exit_code": container.exit_code,
        "size_rw": row.size_rw,
        "size_root_fs": row.size_root_fs,
        "volumes": list(container.volumes),
    }


def _fields(context: Context, row: ContainerRow) -> dict[str, str]:
    container, long = row.container, context.args.no_trunc
    command = shown_text(" ".join(container.settings.command))
    if not long and len(command) > _WIDTH:
        command = command[: _WIDTH - 1] + "…"
    return {
        "ID": container.id if long else container.short,
        "Image": container.image_name,
        "Command": f'"{command}"',
        "CreatedAt": container.created,
        "RunningFor": ago_text(container.created),
        "Status": status(container),
        "State": container.state.value,
        "Names": container.name,
        "Size": f"{context.size(row.size_rw)} (virtual {context.size(row.size_root_fs)})",
        "Mounts": ",".join(m.volume or m.source or "" for m in container.mounts),
        "LocalVolumes": str(len(container.volumes)),
    }
