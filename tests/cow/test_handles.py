"""Open files: what they show and do after copy-up, unlink and rename."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from layerscope.cow.engine import Engine
from layerscope.cow.index_lower import IndexLower
from tests.support.containers import container, fails, indexed
from tests.support.layers import file, folder, tar


@pytest.fixture(params=["unpacked", "indexed"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A container over a layer of both kinds."""
    if request.param == "indexed":
        layers = indexed(
            [tar([file("f", b"lower"), folder("d"), file("d/g", b"x" * 5000)])], tmp_path
        )
        assert isinstance(layers, IndexLower)
        with container(layers, tmp_path / "c") as opened:
            yield opened
        return
    layer = tmp_path / "lower"
    (layer / "d").mkdir(parents=True)
    (layer / "f").write_bytes(b"lower")
    (layer / "d" / "g").write_bytes(b"x" * 5000)
    with container([layer], tmp_path / "c") as opened:
        yield opened


def append(engine: Engine, path: bytes, data: bytes) -> None:
    """As ``>>`` does."""
    with engine.open(path, os.O_WRONLY | os.O_APPEND) as handle:
        handle.write(data)


def test_a_reader_sees_the_copy_after_the_copy_up(engine: Engine) -> None:
    with engine.open(b"/f") as reader:
        assert reader.read(3) == b"low"
        append(engine, b"/f", b"+++")
        assert reader.read() == b"er+++"
        assert reader.stat().size == 8


def test_a_reader_keeps_an_unlinked_file(engine: Engine) -> None:
    with engine.open(b"/f") as lower, engine.open(b"/d/g", os.O_RDWR) as upper:
        engine.unlink(b"/f")
        engine.unlink(b"/d/g")
        assert lower.read() == b"lower"
        upper.pwrite(b"y", 0)
        assert upper.pread(2, 0) == b"yx"
        assert upper.stat().nlink == 0
        with engine.open(b"/f", os.O_WRONLY | os.O_CREAT) as other:
            other.write(b"another file")
        assert lower.pread(100, 0) == b"lower"


def test_a_writer_follows_a_rename(engine: Engine) -> None:
    with engine.open(b"/f", os.O_WRONLY | os.O_APPEND) as writer:
        engine.rename(b"/f", b"/d/h")
        writer.write(b" and more")
    assert engine.read(b"/d/h") == b"lower and more"


def test_metadata_through_a_handle_copies_up(engine: Engine) -> None:
    with engine.open(b"/f") as reader:
        reader.chmod(0o600)
        reader.utime(5, 7_000_000_000)
        assert engine.origin(b"/f").layer is None
        assert engine.stat(b"/f").perm == 0o600
        assert engine.stat(b"/f").mtime_ns == 7_000_000_000
        assert reader.stat().perm == 0o600


def test_positions_and_holes(engine: Engine) -> None:
    with engine.open(b"/new", os.O_RDWR | os.O_CREAT) as handle:
        handle.truncate(1 << 20)
        handle.pwrite(b"end", (1 << 20) - 3)
        assert handle.seek(0, os.SEEK_DATA) > 0
        assert handle.seek(-3, os.SEEK_END) == (1 << 20) - 3
        assert handle.read() == b"end"
        assert handle.seek(0, os.SEEK_CUR) == 1 << 20
        with fails(errno.EINVAL):
            handle.seek(-1)
        handle.fsync()
    assert engine.stat(b"/new").blocks * 512 < 1 << 20


def test_what_an_access_mode_forbids(engine: Engine) -> None:
    with engine.open(b"/f") as reader, engine.open(b"/d/g", os.O_WRONLY) as writer:
        with fails(errno.EBADF):
            reader.write(b"x")
        with fails(errno.EINVAL):
            reader.truncate(0)
        with fails(errno.EBADF):
            writer.read(1)
    with fails(errno.EBADF):
        reader.read(1)
    with fails(errno.EBADF):
        writer.write(b"x")
    reader.close()


def test_directories(engine: Engine) -> None:
    with engine.open(b"/d", os.O_RDONLY | os.O_DIRECTORY) as directory:
        assert directory.names() == {b"g": stat.S_IFREG}
        engine.open(b"/d/new", os.O_WRONLY | os.O_CREAT).close()
        assert directory.names().keys() == {b"g", b"new"}
        engine.unlink(b"/d/new")
        engine.unlink(b"/d/g")
        engine.rmdir(b"/d")
        assert directory.names() == {}
        assert stat.S_ISDIR(directory.stat().mode)
        with fails(errno.EISDIR):
            directory.read(1)


def test_an_unnamed_file(engine: Engine) -> None:
    before = engine.names(b"/d")
    with engine.open(b"/d", os.O_TMPFILE | os.O_RDWR, 0o600) as handle:
        handle.write(b"nobody sees it")
        assert handle.pread(6, 0) == b"nobody"
        assert engine.names(b"/d") == before
    with fails(errno.EINVAL):
        engine.open(b"/d", os.O_TMPFILE | os.O_RDONLY)


def test_a_path_handle_reads_nothing(engine: Engine) -> None:
    with engine.open(b"/f", os.O_PATH) as handle:
        assert handle.stat().size == 5
        for attempt in (lambda: handle.read(1), handle.fsync, lambda: handle.chmod(0)):
            with fails(errno.EBADF):
                attempt()


def test_fifos_meet_and_never_wait(engine: Engine) -> None:
    engine.mknod(b"/p", stat.S_IFIFO | 0o600)
    with fails(errno.ENXIO):
        engine.open(b"/p", os.O_WRONLY)
    with engine.open(b"/p", os.O_RDONLY) as reader, engine.open(b"/p", os.O_WRONLY) as writer:
        writer.write(b"hello")
        assert reader.read(5) == b"hello"
        with fails(errno.ESPIPE):
            reader.pread(1, 0)


def test_two_names_of_a_fifo_of_the_image_meet(tmp_path: Path) -> None:
    layer = tmp_path / "fifos"
    layer.mkdir()
    os.mkfifo(layer / "p")
    with container([layer], tmp_path / "fifo-container") as engine:
        engine.open(b"/p", os.O_RDWR).close()
        assert engine.origin(b"/p").layer == 0
        engine.link(b"/p", b"/q")
        with engine.open(b"/p", os.O_RDONLY) as reader, engine.open(b"/q", os.O_WRONLY) as writer:
            writer.write(b"hello")
            assert reader.read(5) == b"hello"
