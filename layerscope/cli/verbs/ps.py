"""``layerscope ps``."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from layerscope.cli.context import Context
from layerscope.cli.failure import tell
from layerscope.cli.parser import Parser, add_listing_options
from layerscope.cli.status import status
from layerscope.cli.text import shown_text
from layerscope.units import ago_text
from layerscope.usecases.containers import ContainerRow, list_containers

if TYPE_CHECKING:
    from layerscope.containers.foreign.container import ForeignContainer
    from layerscope.usecases.foreign import ForeignFigures

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
    "Source": "SOURCE",
}
_COLUMNS = ("ID", "Image", "Command", "RunningFor", "Status", "Names")
_WIDTH = 20
_OWN = "layerscope"


def configure(parser: Parser) -> None:
    """Say the words of the verb."""
    parser.add_argument("-a", "--all", action="store_true", help="not only running ones")
    parser.add_argument("-s", "--size", action="store_true", help="sizes, too")
    told = "also those of this user's Docker and Podman, where there are any"
    parser.add_argument("--all-sources", action="store_true", help=told)
    add_listing_options(parser)


def run(context: Context) -> int:
    """List containers."""
    args = context.args
    rows = list_containers(context.store, every=args.all, tell=tell)
    found = _found(every=args.all) if args.all_sources else []
    if args.json:
        own = [_document(row) for row in rows]
        if args.all_sources:
            own = [{**one, "source": _OWN} for one in own]
        return context.print_json([*own, *map(_found_document, found)])
    columns = (*_COLUMNS, "Size") if args.size else _COLUMNS
    columns = (*columns, "Source") if args.all_sources else columns
    lines = [_fields(context, row) for row in rows]
    lines += [_found_fields(context, one) for one in found]
    return context.listing(_HEADINGS, lines, columns=columns)


def _found(*, every: bool) -> list[ForeignContainer]:
    """Those of other engines; an engine that can't be asked is told of."""
    from layerscope.usecases.foreign import foreign_containers

    return [one for one in foreign_containers(tell) if every or one.state.is_up]


def _figures(container: ForeignContainer) -> ForeignFigures | None:
    """Its sizes, None where they can't be had."""
    from layerscope.errors import LayerscopeError
    from layerscope.usecases.foreign import foreign_figures

    try:
        return foreign_figures(container)
    except (LayerscopeError, OSError):
        return None


def _found_document(container: ForeignContainer) -> dict[str, object]:
    figures = _figures(container)
    return {
        "id": container.id,
        "name": container.name,
        "image": container.image,
        "command": list(container.command),
        "created": container.created,
        "status": container.state.value,
        "exit_code": container.exit_code,
        "size_rw": figures.size_rw if figures else None,
        "size_root_fs": figures.size_root_fs if figures else None,
        "volumes": [mount.volume for mount in container.mounts if mount.volume],
        "source": container.engine.value,
        "sizes_from": figures.read_from.value if figures else container.blocked,
    }


def _found_fields(context: Context, container: ForeignContainer) -> dict[str, str]:
    # Figures may cost a walk, so they are had only for who wants to see them.
    wanted = context.args.size or "Size" in (context.args.format or "")
    figures = _figures(container) if wanted else None
    size = "N/A"
    if figures is not None:
        whole = context.size(figures.size_root_fs)
        size = f"{context.size(figures.size_rw)} (virtual {whole})"
    return {
        "ID": container.id if context.args.no_trunc else container.short,
        "Image": shown_text(_image(context, container.image)),
        "Command": _command(context, shlex.join(container.command)),
        "CreatedAt": shown_text(container.created),
        "RunningFor": ago_text(container.created),
        "Status": shown_text(container.status),
        "State": container.state.value,
        "Names": shown_text(container.name),
        "Size": size,
        "Mounts": ",".join(shown_text(m.volume or m.source) for m in container.mounts),
        "LocalVolumes": str(sum(bool(mount.volume) for mount in container.mounts)),
        "Source": container.engine.value,
    }


def _image(context: Context, name: str) -> str:
    """What it was made of; an ID, of an image that has no name, as IDs are listed."""
    if name.startswith("sha256:") and not context.args.no_trunc:
        return name.removeprefix("sha256:")[:12]
    return name


def _command(context: Context, text: str) -> str:
    """A command as the table shows it."""
    command = shown_text(text)
    if not context.args.no_trunc and len(command) > _WIDTH:
        command = command[: _WIDTH - 1] + "…"
    return f'"{command}"'


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
    return {
        "ID": container.id if long else container.short,
        "Image": container.image_name,
        "Command": _command(context, " ".join(container.settings.command)),
        "CreatedAt": container.created,
        "RunningFor": ago_text(container.created),
        "Status": status(container),
        "State": container.state.value,
        "Names": container.name,
        "Size": f"{context.size(row.size_rw)} (virtual {context.size(row.size_root_fs)})",
        "Mounts": ",".join(m.volume or m.source or "" for m in container.mounts),
        "LocalVolumes": str(len(container.volumes)),
        "Source": _OWN,
    }
