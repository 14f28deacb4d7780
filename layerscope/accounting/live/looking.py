"""Ways to look at a writable layer: at single paths, at a directory, at all of it bit by bit."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Generator, Iterable
from contextlib import suppress

from layerscope.accounting.live.entries import Entry, Folder
from layerscope.accounting.live.ledger import Ledger
from layerscope.accounting.live.sight import open_directory
from layerscope.cow.lower import LowerNode

READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_GONE = (FileNotFoundError, NotADirectoryError)
_SLICE = 0.004  # seconds that a walk goes on before others may look
_OFTEN = 30  # lookups in the image that cost as much as all its names in a usual directory
_OPEN = 64  # directories that a walk holds open at once


def look_at(ledger: Ledger, paths: Iterable[str]) -> list[Folder]:
    """See what stands at ``paths`` (relative) now; whole new directories are walked, and returned,
    since what was made in them before anybody watched is known from nothing else."""
    ledger.judge.tick()
    by_folder: dict[str, set[str]] = {}
    for path in paths:
        folder, _, name = path.rpartition("/")
        by_folder.setdefault(folder, set()).add(name)
    new: list[Folder] = []
    for folder, names in by_folder.items():
        _look_in(ledger, folder, names, new)
    return new


def _look_in(ledger: Ledger, path: str, names: set[str], new: list[Folder]) -> None:
    folder, missing = _deepest(ledger, path)
    if missing:
        names = {missing}
    opened = _open(ledger, folder)
    if opened is None:
        return
    try:
        for name in names:
            made = _look(ledger, folder, name, opened) if name else None
            if made is not None:
                new.append(made)
                for _ in walk(ledger, made):
                    pass
    finally:
        os.close(opened)


def _deepest(ledger: Ledger, path: str) -> tuple[Folder, str]:
    """The last directory of a path that is known, and the name in it that isn't one."""
    folder = ledger.root
    for part in path.split("/") if path else ():
        child = folder.children.get(part)
        if not isinstance(child, Folder):
            return folder, part
        folder = child
    return folder, ""


def _look(ledger: Ledger, folder: Folder, name: str, fd: int) -> Folder | None:
    try:
        found = os.stat(name, dir_fd=fd, follow_symlinks=False)
        return ledger.see(folder, name, found, fd)
    except _GONE:
        ledger.miss(folder, name)
    except (OSError, ValueError):
        pass
    return None


def _open(ledger: Ledger, folder: Folder) -> int | None:
    """A descriptor of a known directory, step by step through no symlink; if it is gone, that is
    noted."""
    steps: list[Folder] = []
    here = folder
    while here.above is not None:
        steps.append(here)
        here = here.above
    fd = os.dup(ledger.fd)
    for step in reversed(steps):
        assert step.above is not None
        try:
            below = open_directory(step.name, fd)
        except PermissionError:
            ledger.cannot_read(step, forbidden=True)
            below = -1
        except OSError:
            _look(ledger, step.above, step.name, fd)
            below = -1
        os.close(fd)
        if below < 0:
            return None
        fd = below
    if os.fstat(fd).st_ino != folder.ino:
        os.close(fd)
        return None
    return fd


def open_file(ledger: Ledger, entry: Entry) -> int | None:
    """A descriptor of a file to read, through no symlink and without a trace in its times; None if
    it can't be had."""
    folder = _open(ledger, entry.above) if entry.above is not None else None
    if folder is None:
        return None
    try:
        return os.open(entry.name, READ | os.O_NOATIME, dir_fd=folder)
    except PermissionError:  # not this user's: its times can't be spared
        with suppress(OSError):
            return os.open(entry.name, READ, dir_fd=folder)
    except OSError:
        pass
    finally:
        os.close(folder)
    return None


def walk(ledger: Ledger, top: Folder | None = None) -> Generator[None]:
    """Look at everything at and below a directory; yields now and then, and looks at other things
    may come between. What it has seen when it ends was there some time since it began."""
    top = top if top is not None else ledger.root
    fd = _open(ledger, top)
    if fd is None:
        return
    frames: list[tuple[Folder, list[Folder]]] = []
    held = {top: fd}
    until = time.perf_counter() + _SLICE
    try:
        if top is ledger.root:
            ledger.see_root()
        frames.append((top, scan(ledger, top, fd)))
        while frames:
            folder, below = frames[-1]
            if not below:
                frames.pop()
                _release(held, folder)
                continue
            _descend(ledger, below.pop(), folder, frames, held)
            if time.perf_counter() > until:
                yield
                ledger.judge.tick()
                until = time.perf_counter() + _SLICE
    finally:
        for left in held.values():
            os.close(left)


def _descend(
    ledger: Ledger,
    child: Folder,
    folder: Folder,
    frames: list[tuple[Folder, list[Folder]]],
    held: dict[Folder, int],
) -> None:
    if not ledger.holds(child):
        return  # its bytes went with a directory above it, which was moved or replaced meanwhile
    above = held.get(folder)
    fd = _open(ledger, child) if above is None else _open_child(ledger, child, above)
    if fd is None:
        return
    held[child] = fd
    if len(held) > _OPEN:
        _release(held, next(iter(held)))
    frames.append((child, scan(ledger, child, fd)))


def _open_child(ledger: Ledger, child: Folder, above: int) -> int | None:
    try:
        return open_directory(child.name, above)
    except PermissionError:
        ledger.cannot_read(child, forbidden=True)
    except OSError:
        if child.above is not None:
            _look(ledger, child.above, child.name, above)
    return None


def _release(held: dict[Folder, int], folder: Folder) -> None:
    fd = held.pop(folder, None)
    if fd is not None:
        os.close(fd)


def _is_plain(found: os.stat_result) -> bool:
    return stat.S_ISREG(found.st_mode) and found.st_nlink == 1


class _Unheard:
    """Tells names of a directory that the image hasn't. It learns them all once it was asked often
    enough; until then it may say no of one that it hasn't."""

    def __init__(self, lower: LowerNode | None) -> None:
        self._lower = lower
        self._asked = 0
        self._names = frozenset[str]()

    def of(self, name: str) -> bool:
        if self._lower is None:
            return True
        self._asked += 1
        if self._asked == _OFTEN:
            self._names = frozenset(os.fsdecode(raw) for raw, _ in self._lower.names())
        return self._asked >= _OFTEN and name not in self._names


def scan(ledger: Ledger, folder: Folder, fd: int) -> list[Folder]:
    """Look at what stands in a directory, open at ``fd``; returns the directories in it."""
    children, names, see = folder.children, set[str](), ledger.see
    measure = ledger.judge.measure
    plain, unheard = ledger.takes_plain(folder), _Unheard(folder.lower)
    try:
        with os.scandir(fd) as entries:
            for entry in entries:
                name = entry.name
                names.add(name)
                with_key = children.get(name)
                try:
                    found = entry.stat(follow_symlinks=False)
                    if plain and with_key is None and _is_plain(found) and unheard.of(name):
                        ledger.see_plain(folder, name, found)
                    elif with_key is None or with_key.key != (
                        found.st_ino,
                        found.st_ctime_ns,
                        measure(found),
                    ):
                        see(folder, name, found, fd)
                except _GONE:
                    names.discard(name)
    except PermissionError:
        ledger.cannot_read(folder, forbidden=True)
        return []
    except OSError:
        return []
    ledger.cannot_read(folder, forbidden=False)
    if len(names) != len(children):
        for name in children.keys() - names:
            with suppress(KeyError):
                ledger.miss(folder, name)
    return [child for child in children.values() if isinstance(child, Folder)]
