"""Random writes straight into a directory that stands for a writable layer, as a kernel makes them:
files, links, moves of directories, whiteouts, opaque marks, copies of the image's files."""

from __future__ import annotations

import os
import random
import shutil
import stat
from contextlib import suppress
from pathlib import Path

from layerscope.archive.overlay import Form, Whiteouts

NAMES = (b"a", b"b", b"c", b"d", b"\xff\xfe", b"\x1b[1m\n")


def make_image(tmp_path: Path, rng: random.Random) -> list[Path]:
    """Two unpacked layers with the names that the writes use."""
    layers = []
    for number in range(2):
        layer = tmp_path / f"layer{number}"
        layer.mkdir()
        here = os.fsencode(layer)
        for _ in range(25):
            _fill(rng, here + b"/" + _path(rng))
        layers.append(layer)
    return layers


def _fill(rng: random.Random, path: bytes) -> None:
    with suppress(OSError):
        os.makedirs(path if rng.random() < 0.3 else os.path.dirname(path))
    with suppress(OSError):
        Path(os.fsdecode(path)).write_bytes(rng.randbytes(rng.randrange(60)))


def _path(rng: random.Random) -> bytes:
    return b"/".join(rng.choice(NAMES) for _ in range(rng.choice((1, 1, 2, 2, 3, 4))))


class Writer:
    """Writes into ``upper``; ``image`` is the top layer, to copy up from; what it touched is
    returned as a watch would tell it."""

    def __init__(self, rng: random.Random, upper: Path, image: Path, form: Form) -> None:
        self.rng = rng
        self.upper = os.fsencode(upper)
        self.image = os.fsencode(image)
        self.form = form
        self.does = [self.write] * 4 + [self.append] * 2 + [self.remove, self.mkdir, self.link]
        self.does += [self.rename, self.rename, self.whiteout, self.opaque, self.copy_up]
        self.does += [self.symlink, self.chmod, self.fifo]

    def step(self) -> list[str]:
        """One write; the paths that it touched, relative."""
        touched: list[bytes] = []
        with suppress(OSError):
            self.rng.choice(self.does)(touched)
        return [os.fsdecode(path) for path in touched]

    def _at(self, touched: list[bytes]) -> bytes:
        path = _path(self.rng)
        touched.append(path)
        return self.upper + b"/" + path

    def write(self, touched: list[bytes]) -> None:
        path = self._at(touched)
        if self.rng.random() < 0.5:
            os.makedirs(os.path.dirname(path), exist_ok=True)
        _write(path, self.rng.randbytes(self.rng.randrange(50)))

    def append(self, touched: list[bytes]) -> None:
        path = self._at(touched)
        if stat.S_ISREG(os.lstat(path).st_mode):
            _write(path, b"more", os.O_APPEND)

    def remove(self, touched: list[bytes]) -> None:
        path = self._at(touched)
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        else:
            os.unlink(path)

    def mkdir(self, touched: list[bytes]) -> None:
        os.mkdir(self._at(touched))

    def link(self, touched: list[bytes]) -> None:
        os.link(self._at(touched), self._at(touched), follow_symlinks=False)

    def rename(self, touched: list[bytes]) -> None:
        os.rename(self._at(touched), self._at(touched))

    def symlink(self, touched: list[bytes]) -> None:
        os.symlink(_path(self.rng), self._at(touched))

    def fifo(self, touched: list[bytes]) -> None:
        os.mkfifo(self._at(touched))

    def chmod(self, touched: list[bytes]) -> None:
        os.chmod(self._at(touched), self.rng.choice((0o644, 0o755, 0o700)))

    def whiteout(self, touched: list[bytes]) -> None:
        path = self._at(touched)
        if self.form.whiteouts is Whiteouts.DEVICE:
            with suppress(FileNotFoundError):
                os.unlink(path)
            os.mknod(path, stat.S_IFCHR, 0)
            return
        parent = os.path.dirname(path)
        mark = self.form.namespace.value + "opaque"
        now = os.getxattr(parent, mark) if mark in os.listxattr(parent) else b""
        if now != b"y":
            os.setxattr(parent, mark, b"x")
            _write(path, b"")
            os.setxattr(path, self.form.namespace.value + "whiteout", b"y")

    def opaque(self, touched: list[bytes]) -> None:
        path = self._at(touched)
        if os.path.isdir(path) and not os.path.islink(path):
            os.setxattr(path, self.form.namespace.value + "opaque", b"y")

    def copy_up(self, touched: list[bytes]) -> None:
        path = self._at(touched)
        below = self.image + path[len(self.upper) :]
        made = os.path.dirname(path)
        os.makedirs(made, exist_ok=True)
        if stat.S_ISREG(os.lstat(below).st_mode):
            shutil.copy2(below, path)
            if self.rng.random() < 0.4:
                _write(path, b"!", os.O_APPEND)


def _write(path: bytes, data: bytes, how: int = os.O_TRUNC) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | how
    fd = os.open(path, flags, 0o644)
    try:
        os.write(fd, data)
    finally:
        os.close(fd)
