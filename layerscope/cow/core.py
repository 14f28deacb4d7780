"""One writable layer over its lower ones: lookup, path walk, and what every operation shares."""

from __future__ import annotations

import errno
import os
import stat
import threading
from collections.abc import Iterator
from typing import NamedTuple

from layerscope.cow.descriptors import Descriptors, read_directory
from layerscope.cow.events import Did, Event, Listener, Tally
from layerscope.cow.lower import Lower, LowerNode
from layerscope.cow.node import Missing, Node, prune
from layerscope.cow.stat import NAME_MAX, PATH_MAX, Stat
from layerscope.cow.upper import Upper

# MAXSYMLINKS of the kernel's path walk.
MAX_LINKS = 40
# So many names are remembered before those that nobody holds are forgotten.
_MAX_NODES = 100_000


def fail(number: int, path: bytes = b"") -> OSError:
    """The error that the system call would return."""
    return OSError(number, os.strerror(number), os.fsdecode(path) if path else None)


class Last(NamedTuple):
    """Where a path's last component stands. ``name`` is ``.``, ``..`` or ``/`` where it has none
    of its own; ``slash`` tells of slashes behind it."""

    parent: Node
    name: bytes
    slash: bool

    @property
    def normal(self) -> bool:
        """Whether it is a name that can be made or removed."""
        return self.name not in (b".", b"..", b"/")


class Core:
    """The state of one open container. All methods want :attr:`lock` to be held."""

    def __init__(self, lower: Lower, upper: Upper) -> None:
        self.lower = lower
        self.upper = upper
        self.lock = threading.RLock()
        self.descriptors = Descriptors()
        self.listeners: list[Listener] = []
        self.tallies: list[Tally] = []
        # Whether anybody wants to know: what only events need isn't computed without.
        self.watched = False
        # Where the open fifos of lower layers meet, by node: names in the work directory.
        self.fifos: dict[Node, bytes] = {}
        # Sizes of the upper files that are open, by inode: [bytes, how many handles].
        self.sizes: dict[int, list[int]] = {}
        self.root = Node(None, b"", stat.S_IFDIR, True, lower.root if lower.depth else None)
        self.root.fd = upper.fd
        mark = upper.opaque(upper.fd, b".")
        self.root.marked = mark == b"x"
        if mark == b"y":
            self.root.opaque, self.root.lower = True, None
        self._known = 0
        # A listener may call the engine: only the outermost operation lets go of descriptors.
        self._inside = 0

    def __enter__(self) -> None:
        """Hold the lock for one operation; on the way in, let go of what isn't in use."""
        self.lock.acquire()
        self._inside += 1
        if self._inside == 1:
            self.descriptors.trim()
            self.lower.trim()
            if self._known > _MAX_NODES:
                prune(self.root)
                self._known = 0

    def __exit__(self, *_: object) -> None:
        self._inside -= 1
        self.lock.release()

    def tell(
        self,
        did: Did,
        node: Node,
        delta: int = 0,
        layer: int | None = None,
        copied: int = 0,
        other: bytes | None = None,
        path: bytes | None = None,
    ) -> None:
        """Something happened to ``node`` (or to ``path``): see :class:`Event`."""
        for tally in self.tallies:
            tally.delta += delta
            tally.copied += copied
            tally.events += 1
        if self.listeners:
            shown = node.path() if path is None else path
            event = Event(did, shown, delta, layer, copied, other)
            for listener in self.listeners:
                listener(event)

    def fd(self, directory: Node) -> int:
        """The descriptor of a directory of the writable layer."""
        fd = directory.fd
        return fd if fd >= 0 else self.descriptors.get(directory)

    # -- lookup ----------------------------------------------------------------------------

    def child(self, parent: Node, name: bytes) -> Node | Missing:
        """What ``name`` in ``parent`` shows."""
        found = parent.children.get(name)
        if found is None:
            if len(name) > NAME_MAX:
                raise fail(errno.ENAMETOOLONG, name)
            found = self._look(parent, name)
            parent.children[name] = found
            self._known += 1
        return found

    def _look(self, parent: Node, name: bytes) -> Node | Missing:
        if parent.upper:
            fd = self.fd(parent)
            try:
                found = os.stat(name, dir_fd=fd, follow_symlinks=False)
            except FileNotFoundError:
                pass
            else:
                return self._look_upper(parent, name, fd, found)
        below = self.below(parent, name)
        if below is None:
            return Missing.NOTHING
        return Node(parent, name, below.fmt, False, below)

    def _look_upper(
        self, parent: Node, name: bytes, fd: int, found: os.stat_result
    ) -> Node | Missing:
        if self.upper.is_whiteout(fd, name, found, parent.marked):
            return Missing.WHITEOUT
        node = Node(parent, name, self.upper.fmt(fd, name, found), True, None)
        node.weight = found.st_size if found.st_nlink == 1 else -1
        if node.fmt == stat.S_IFDIR:
            mark = self.upper.opaque(fd, name)
            node.opaque, node.marked = mark == b"y", mark == b"x"
            if not node.opaque:
                below = self.below(parent, name)
                if below is not None and below.fmt == stat.S_IFDIR:
                    node.lower = below
        return node

    def below(self, parent: Node, name: bytes) -> LowerNode | None:
        """What the lower layers show of ``name`` in ``parent``."""
        return parent.lower.lookup(name) if parent.lower is not None else None

    # -- path walk -------------------------------------------------------------------------

    def walk(self, path: bytes, follow: bool = True) -> tuple[Node, bytes, Node | Missing]:
        """(directory, name, what it shows) at the end of ``path``, symlinks resolved.

        A missing last name is returned as :class:`Missing`; the root is its own directory under
        the name ``b"/"``. ``..`` of the root is the root. Raises ENOENT, ENOTDIR, ELOOP,
        ENAMETOOLONG.
        """
        if not path or b"\0" in path:
            raise fail(errno.ENOENT if not path else errno.EINVAL, path)
        if len(path) >= PATH_MAX:
            raise fail(errno.ENAMETOOLONG, path[:64])
        return self.walk_from(self.root, path, follow, 0)[:3]

    def walk_from(
        self, start: Node, path: bytes, follow: bool, links: int
    ) -> tuple[Node, bytes, Node | Missing, int]:
        """:meth:`walk` from a directory, with the number of symlinks followed before and after."""
        todo = path.split(b"/")
        todo.reverse()
        node = self.root if path.startswith(b"/") else start
        holder, name = node.parent or node, node.name or b"/"
        while todo:
            part = todo.pop()
            if node.fmt != stat.S_IFDIR:
                raise fail(errno.ENOTDIR, path)
            if not part or part == b".":
                continue
            if part == b"..":
                node = node.parent or node
                holder, name = node.parent or node, node.name or b"/"
                continue
            found = self.child(node, part)
            if isinstance(found, Missing):
                if any(todo):
                    raise fail(errno.ENOENT, path)
                return node, part, found, links
            if found.fmt == stat.S_IFLNK and (todo or follow):
                links += 1
                if links > MAX_LINKS:
                    raise fail(errno.ELOOP, path)
                target = self.readlink(found)
                if target.startswith(b"/"):
                    node = self.root
                holder, name = node.parent or node, node.name or b"/"
                todo.extend(reversed(target.split(b"/")))
                continue
            holder, name, node = node, part, found
        return holder, name, node, links

    def find(self, path: bytes, follow: bool = True) -> Node:
        """The node that ``path`` shows. Raises ENOENT and what :meth:`walk` does."""
        found = self.walk(path, follow)[2]
        if isinstance(found, Missing):
            raise fail(errno.ENOENT, path)
        return found

    def last(self, path: bytes) -> Last:
        """The directory of the last component, which is neither looked up nor followed."""
        if not path or b"\0" in path:
            raise fail(errno.ENOENT if not path else errno.EINVAL, path)
        if len(path) >= PATH_MAX:
            raise fail(errno.ENAMETOOLONG, path[:64])
        bare = path.rstrip(b"/")
        if not bare:
            return Last(self.root, b"/", True)
        head, _, name = bare.rpartition(b"/")
        parent: Node | Missing = self.root
        if head:
            parent = self.walk(head)[2]
        if isinstance(parent, Missing):
            raise fail(errno.ENOENT, path)
        if parent.fmt != stat.S_IFDIR:
            raise fail(errno.ENOTDIR, path)
        return Last(parent, name, len(bare) != len(path))

    # -- reading one node ------------------------------------------------------------------

    def stat(self, node: Node) -> Stat:
        """The metadata that the union shows."""
        if not node.upper:
            assert node.lower is not None
            return node.lower.stat()
        if node.parent is None:
            return self.upper.stat(node.fd, b".")
        return self.upper.stat(self.fd(node.parent), node.name)

    def readlink(self, node: Node) -> bytes:
        """A symlink's target."""
        if node.upper:
            assert node.parent is not None
            return os.readlink(node.name, dir_fd=self.fd(node.parent))
        assert node.lower is not None
        return node.lower.readlink()

    def names(self, node: Node) -> dict[bytes, int]:
        """The children of a directory with their types, whiteouts applied."""
        found: dict[bytes, int] = {}
        hidden: set[bytes] = set()
        if node.upper:
            for name, fmt_or_none in self.written_names(node):
                if fmt_or_none is None:
                    hidden.add(name)
                else:
                    found[name] = fmt_or_none
        if node.lower is not None:
            for name, fmt in node.lower.names():
                if name not in hidden:
                    found.setdefault(name, fmt)
        return found

    def written_names(self, node: Node) -> Iterator[tuple[bytes, int | None]]:
        """What the writable layer holds in a directory: names with types, None for a whiteout."""
        fd = self.fd(node)
        for name, fmt, device in read_directory(fd):
            if device:
                yield name, None
            elif fmt == stat.S_IFREG and (node.marked or not self.upper.real):
                host = os.stat(name, dir_fd=fd, follow_symlinks=False)
                whiteout = self.upper.is_whiteout(fd, name, host, node.marked)
                yield name, None if whiteout else self.upper.fmt(fd, name, host)
            else:
                yield name, fmt

    def stray(self, node: Node) -> list[bytes]:
        """Whiteouts that the kernel lists, as the directory isn't merged: they hide nothing."""
        if not node.upper:
            assert node.lower is not None
            return node.lower.strays()
        if node.lower is None and node.parent is not None:
            fd = self.fd(node)
            if not self.upper.has_origin(fd, b"."):
                return [entry.name for entry in read_directory(fd) if entry.whiteout_device]
        return []

    def is_empty(self, node: Node) -> bool:
        """Whether a directory shows no child."""
        if not node.upper and node.lower is not None:
            return next(node.lower.names(), None) is None
        return not self.names(node)

    # -- notes for the tree ----------------------------------------------------------------

    def mark_impure(self, directory: Node) -> None:
        """The directory holds a copy of a lower file, as the kernel notes it."""
        if not directory.impure:
            self.upper.mark_impure(self.fd(directory))
            directory.impure = True

    def hold(self, node: Node) -> None:
        """Before a name goes: who has it open without a descriptor of its own keeps the file."""
        if node.handles and node.upper and node.parent is not None:
            for handle in node.handles:
                handle.hold(self.fd(node.parent), node.name)

    def forget(self, node: Node, left: Missing) -> None:
        """``node`` isn't there any more; open files go on without a name."""
        node.gone = True
        if node.parent is not None and node.parent.children.get(node.name) is node:
            node.parent.children[node.name] = left
        self.descriptors.release(node)
