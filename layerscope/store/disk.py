"""Files that appear whole or not at all, and the disk's complaints in words."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from layerscope.errors import LayerscopeError

_FULL = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG))
_DENIED = frozenset((errno.EACCES, errno.EPERM, errno.EROFS))
# Of the 255 bytes that a name may have; a process's number and what stands around it need the rest.
_NAME_KEPT = 200

_LEAST = 64 << 10  # bytes of room; a disk with less is full

FULL_HINT = "free some space, or name a store on another disk with --root"
DENIED_HINT = "name a store of your own with --root"


def images_hint(root: Path) -> str:
    """What to type where only the database is lost or damaged: the store is an image layout."""
    return f"layerscope load oci:{root} --root NEW, to have its images in a new store"


class StoreFailure(LayerscopeError):
    """The store cannot be read or written: the disk is full, access is denied, a file is broken."""


class Unwritable(StoreFailure):
    """It can't be written, but read: the disk is full, or access is denied."""


@contextmanager
def told(what: Path | str) -> Iterator[None]:
    """Turns an OSError within into a StoreFailure about ``what``."""
    try:
        yield
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        if error.errno in _FULL:
            raise Unwritable(str(what), why, FULL_HINT) from error
        if error.errno in _DENIED:
            raise Unwritable(str(what), why, DENIED_HINT) from error
        raise StoreFailure(str(what), why) from error


def room(folder: Path) -> int:
    """Bytes that can still be written below a folder. Raises OSError."""
    about = os.statvfs(folder)
    blocks = about.f_bavail if os.geteuid() else about.f_bfree
    return blocks * about.f_frsize


def is_full(folder: Path) -> bool:
    """Whether hardly anything can be written below a folder. Raises OSError."""
    return room(folder) < _LEAST


def check_writable(folder: Path, *files: Path) -> None:
    """Raises Unwritable where nothing can be put into ``folder``, or ``files`` not be changed."""
    with told(folder):
        if is_full(folder):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if not all(os.access(path, os.W_OK) for path in (folder, *files)):
            denied = errno.EROFS if os.statvfs(folder).f_flag & os.ST_RDONLY else errno.EACCES
            raise OSError(denied, os.strerror(denied))


def temporary_name(name: str) -> str:
    """What a file is called until it is whole, beside where it will be: hidden, and never longer
    than file systems allow."""
    return f".{os.fsencode(name)[:_NAME_KEPT].decode('utf-8', 'ignore')}.{os.getpid()}.part"


def sync_folder(folder: Path) -> None:
    """Make names that were put into ``folder`` last through a power cut. Raises OSError."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def move_into_place(temporary: Path, final: Path) -> None:
    """Give a finished, synced file its name; a file there before is replaced. Raises OSError."""
    try:
        os.rename(temporary, final)
    except FileNotFoundError:
        final.parent.mkdir(parents=True, exist_ok=True)
        os.rename(temporary, final)
    sync_folder(final.parent)


def write_whole(temporary: Path, final: Path, data: bytes) -> None:
    """Write a small file by way of ``temporary``. Raises OSError."""
    with open(temporary, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    move_into_place(temporary, final)


def remove_tree(path: Path) -> None:
    """Remove a file or a directory with all that is in it, also what forbids it by its mode.

    Nothing there is fine. Raises OSError for what even its owner cannot remove.
    """
    try:
        _remove_plain(path)
    except OSError:
        _unlock(path)
        _remove_plain(path)


def _remove_plain(path: Path) -> None:
    """By open directories, so that nobody leads it astray by a symlink."""
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
        return
    for _, folders, files, fd in os.fwalk(path, topdown=False, onerror=_give_up):
        for name in files:
            os.unlink(name, dir_fd=fd)
        for name in folders:
            try:
                os.rmdir(name, dir_fd=fd)
            except NotADirectoryError:  # a symlink to one
                os.unlink(name, dir_fd=fd)
    path.rmdir()


def _give_up(error: OSError) -> None:
    raise error


def _unlock(path: Path) -> None:
    """Let its owner into all directories; the kernel leaves such behind that nobody may enter."""
    if path.is_symlink() or not path.is_dir():
        return
    path.chmod(0o700)
    for folder, names, _ in os.walk(path):
        for inner in (os.path.join(folder, name) for name in names):
            if not os.path.islink(inner):
                os.chmod(inner, 0o700)


def size_below(path: Path) -> int:
    """Bytes of the files at and below ``path`` by their length, each inode once."""
    seen: set[tuple[int, int]] = set()
    total, todo = 0, [os.fspath(path)]
    while todo:
        name = todo.pop()
        try:
            found = os.lstat(name)
            todo += [entry.path for entry in os.scandir(name)] if os.path.isdir(name) else []
        except OSError:
            continue
        if (found.st_dev, found.st_ino) not in seen:
            seen.add((found.st_dev, found.st_ino))
            total += 0 if os.path.isdir(name) else found.st_size
    return total
