"""``layerscope volume``."""

from __future__ import annotations

from collections.abc import Sequence

from layerscope.cli.context import Context
from layerscope.cli.parser import Parser, add_listing_options
from layerscope.usecases.volumes import (
    VolumeRow,
    create_volume,
    delete_volume,
    inspect_volume,
    list_volumes,
)

_HEADINGS = {"Name": "VOLUME NAME", "Mountpoint": "MOUNTPOINT", "Size": "SIZE", "Links": "LINKS"}


def configure(parser: Parser) -> None:
    """Say the words of the verb."""
    parser.add_argument("what", choices=("create", "ls", "inspect", "rm"))
    parser.add_argument("names", metavar="NAME", nargs="*", help="create makes one up if none")
    add_listing_options(parser, quiet="names")


def run(context: Context) -> int:
    """Make, list or remove volumes."""
    what, names = context.args.what, context.args.names
    if what == "ls":
        return _list(context, list_volumes(context.store))
    if what == "create":
        made = [create_volume(context.store, name) for name in names or [None]]
        return _told(context, made)
    if not names:
        from layerscope.errors import UsageError

        raise UsageError(f"volume {what}", "it needs a name", "layerscope volume ls")
    if what == "inspect":
        return context.print_json([_document(inspect_volume(context.store, n)) for n in names])
    for name in names:
        delete_volume(context.store, name)
    return context.print_json({"removed": names}) if context.args.json else _names(context, names)


def _list(context: Context, rows: Sequence[VolumeRow]) -> int:
    if context.args.json:
        return context.print_json([_document(row) for row in rows])
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


def _told(context: Context, rows: Sequence[VolumeRow]) -> int:
    if context.args.json:
        return context.print_json([_document(row) for row in rows])
    return _names(context, [row.name for row in rows])


def _names(context: Context, names: Sequence[str]) -> int:
    context.print(names)
    return 0


def _document(row: VolumeRow) -> dict[str, object]:
    return {
        "name": row.name,
        "path": row.path,
        "size": row.size,
        "containers": list(row.containers),
    }
