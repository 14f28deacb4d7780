"""``layerscope volume``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from layerscope.cli.context import Context
from layerscope.cli.each import each
from layerscope.cli.parser import Parser, add_listing_options
from layerscope.errors import UsageError
from layerscope.units import counted
from layerscope.usecases.volumes import (
    VolumeRow,
    create_volume,
    delete_volume,
    inspect_volume,
    list_volumes,
    prune_volumes,
)

if TYPE_CHECKING:
    from layerscope.store.store import Store

_HEADINGS = {"Name": "VOLUME NAME", "Mountpoint": "MOUNTPOINT", "Size": "SIZE", "Links": "LINKS"}


def configure(parser: Parser) -> None:
    """Say the words of the verb."""
    parser.add_argument("what", choices=("create", "ls", "inspect", "rm", "prune"))
    parser.add_argument("names", metavar="NAME", nargs="*", help="create makes one up if none")
    parser.add_argument("-a", "--all", action="store_true", help="prune takes named ones, too")
    add_listing_options(parser, quiet="names")
    parser.epilog = "prune removes the volumes that no container has and nobody gave a name."


def run(context: Context) -> int:
    """Make, list or remove volumes."""
    what, names, store = context.args.what, context.args.names, context.store
    if what == "ls":
        return _list(context, list_volumes(store))
    if what == "prune":
        return _prune(context)
    if what == "create":
        return each(context, names or [""], _maker(store), _documents, lambda _, row: row.name)
    if not names:
        raise UsageError(f"volume {what}", "it needs a name", "layerscope volume ls")
    if what == "inspect":
        return each(context, names, lambda name: inspect_volume(store, name), _documents, None)
    return each(context, names, _remover(store), lambda removed: {"removed": removed})


def _prune(context: Context) -> int:
    if context.args.names:
        raise UsageError("volume prune", "it takes no names", "layerscope volume rm NAME")
    gone = prune_volumes(context.store, named=context.args.all)
    size = sum(row.size for row in gone)
    names = [row.name for row in gone]
    if context.args.json:
        return context.print_json({"removed": names, "bytes_freed": size})
    context.print([*names, f"Freed {context.size(size)}: {counted(len(names), 'volume')}"])
    return 0


def _maker(store: Store) -> Callable[[str], VolumeRow]:
    """Makes a volume; one without a name gets one that is made up."""
    return lambda name: create_volume(store, name or None)


def _remover(store: Store) -> Callable[[str], str]:
    def remove(name: str) -> str:
        delete_volume(store, name)
        return name

    return remove


def _list(context: Context, rows: Sequence[VolumeRow]) -> int:
    if context.args.json:
        return context.print_json(_documents(rows))
    fields = [
        {
            "Name": row.name,
            "Mountpoint": row.path,
            "Size": context.size(row.size, 4),
            "Links": str(len(row.containers)),
        }
        for row in rows
    ]
    return context.listing(_HEADINGS, fields, columns=("Name", "Links", "Size"), quiet="Name")


def _documents(rows: Sequence[VolumeRow]) -> list[dict[str, object]]:
    return [_document(row) for row in rows]


def _document(row: VolumeRow) -> dict[str, object]:
    return {
        "name": row.name,
        "path": row.path,
        "size": row.size,
        "containers": list(row.containers),
    }
