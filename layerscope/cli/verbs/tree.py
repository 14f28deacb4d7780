"""``layerscope tree``."""

from __future__ import annotations

import stat
from collections.abc import Iterator

from layerscope.archive.entry import Kind
from layerscope.cli.context import Context
from layerscope.cli.parser import Parser, add_target, whole_number
from layerscope.cli.text import as_bytes, exact, shown
from layerscope.cli.times import rfc3339
from layerscope.usecases.tree import TreeRow, changes, tree

_TYPES = {
    Kind.DIR: stat.S_IFDIR,
    Kind.SYMLINK: stat.S_IFLNK,
    Kind.CHAR: stat.S_IFCHR,
    Kind.BLOCK: stat.S_IFBLK,
    Kind.FIFO: stat.S_IFIFO,
}
_ARROWS = {Kind.SYMLINK: " -> ", Kind.HARDLINK: " link to /"}

EXAMPLES = """\
layerscope tree image.tar /usr/lib
layerscope tree web:1.2 --layer 0
layerscope tree web:1.2 --changes 3 --json"""


def configure(parser: Parser) -> None:
    """Say the words of the verb."""
    add_target(parser)
    parser.add_argument("path", nargs="?", default="/", metavar="PATH", help="where to start")
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--layer", type=whole_number, metavar="N", help="the files after layer N, not the last"
    )
    which.add_argument("--changes", type=whole_number, metavar="N", help="what layer N changed")
    parser.epilog = (
        "Layers count from 0, bottom up. A line has the change (A added, C changed, D removed),\n"
        "mode, owner, size (of a folder: of all in it), the layer it comes from, and the path.\n"
        "What is mounted in a container comes from none (-).\n"
        "In JSON, bytes of a name that are not UTF-8 are lone surrogates (\\udc80 to \\udcff);\n"
        "for people they are escaped (\\xe9)."
    )


def run(context: Context) -> int:
    """Show files."""
    args = context.args
    path, mounts = as_bytes(args.path), None
    if args.changes is not None:
        rows = changes(context.open_image(args.target, last=args.changes), args.changes, path)
    elif args.layer is not None:
        rows = tree(context.open_image(args.target, last=args.layer), path, args.layer)
    else:
        image, path, mounts = context.open_seen(args.target, path, content=False)
        rows = tree(image, path)
    if args.json:
        return context.print_json_rows(_document(row, mounts) for row in rows)
    context.print(_lines(context, rows, mounts))
    return 0


def _document(row: TreeRow, mounts: int | None) -> dict[str, object]:
    entry = row.entry
    return {
        "path": "/" + exact(entry.path),
        "kind": entry.kind.word,
        "size": entry.size,
        "mode": f"{entry.mode:04o}",
        "uid": entry.uid,
        "gid": entry.gid,
        "mtime": rfc3339(entry.mtime, entry.mtime_ns),
        "link": exact(entry.link) if entry.link else None,
        "layer": None if row.layer == mounts else row.layer,
        "change": None if row.layer == mounts else row.change.letter or None,
    }


def _lines(context: Context, rows: Iterator[TreeRow], mounts: int | None) -> Iterator[str]:
    for row in rows:
        entry = row.entry
        mode = stat.filemode(_TYPES.get(entry.kind, stat.S_IFREG) | entry.mode)
        owner, size = f"{entry.uid}:{entry.gid}", context.size(row.subtree_size)
        arrow = _ARROWS.get(entry.kind, "")
        link = f"{arrow}{shown(entry.link)}" if arrow else ""
        in_mount = row.layer == mounts
        mark, layer = (" ", "-") if in_mount else (row.change.letter or " ", row.layer)
        yield f"{mark} {mode} {owner:>11} {size:>8} {layer:>3} /{shown(entry.path)}{link}"
