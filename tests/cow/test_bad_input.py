"""Damage, foreign hands, hostile names: an errno or one clear line, nothing half or outside."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import io
import os
import shutil
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from layerscope.archive.blob import BrokenBlob
from layerscope.cow.commit import commit_layer
from layerscope.cow.directory_lower import DirectoryLower
from layerscope.cow.engine import Engine
from layerscope.cow.index_lower import DamagedLayer, IndexLower
from layerscope.cow.mount import own_mounts
from layerscope.cow.syscalls import RENAME_EXCHANGE, renameat2
from layerscope.oci.whiteout import ReservedName
from tests.support.containers import container, fails, is_root, writable
from tests.support.layers import file, stacks, symlink, tar
from tests.support.snapshots import engine_tree

needs_root = pytest.mark.skipif(not is_root(), reason="mounting a small file system needs root")


@pytest.fixture
def lower(tmp_path: Path) -> Path:
    """A layer with a file, and a directory with one."""
    layer = tmp_path / "lower"
    (layer / "d").mkdir(parents=True)
    (layer / "f").write_bytes(b"lower")
    (layer / "d" / "g").write_bytes(b"inner")
    return layer


@pytest.fixture
def engine(lower: Path, tmp_path: Path) -> Iterator[Engine]:
    """A container over it."""
    with container([lower], tmp_path / "c") as opened:
        yield opened


class TestVanishedLower:
    def test_before_it_is_opened(self, tmp_path: Path) -> None:
        with fails(errno.ENOENT):
            DirectoryLower([tmp_path / "missing"])

    def test_while_it_is_used(self, engine: Engine, lower: Path) -> None:
        assert engine.read(b"/f") == b"lower"
        engine.names(b"/d")
        shutil.rmtree(lower)
        for attempt in (
            lambda: engine.read(b"/f"),
            lambda: engine.chmod(b"/f", 0o600),
            lambda: engine.rename(b"/f", b"/h"),
            lambda: engine.read(b"/d/g"),
        ):
            with fails(errno.ENOENT):
                attempt()
        engine.open(b"/new", os.O_WRONLY | os.O_CREAT).close()
        assert b"new" in engine.names(b"/")
        assert os.listdir(engine.upper.directory) == ["new"]


class TestForeignHands:
    @needs_root
    def test_stray_whiteouts_are_listed_but_not_there(self, lower: Path, tmp_path: Path) -> None:
        place = writable(tmp_path / "c")
        (place / "upper" / "mine").mkdir()
        os.mknod(place / "upper" / "mine" / "gone", stat.S_IFCHR, 0)
        with container([lower], place) as engine:
            assert engine.readdir(b"/mine") == [b"gone"]
            assert engine.names(b"/mine") == {}
            with fails(errno.ENOENT):
                engine.stat(b"/mine/gone")
            engine.open(b"/mine/gone", os.O_WRONLY | os.O_CREAT).close()
            assert engine.readdir(b"/mine") == [b"gone"]
            assert engine.stat(b"/mine/gone").fmt == stat.S_IFREG

    def test_foreign_xattrs_are_kept_and_nonsense_is_passed_over(
        self, lower: Path, tmp_path: Path
    ) -> None:
        place = writable(tmp_path / "c")
        made = place / "upper" / "made"
        made.write_bytes(b"x")
        os.setxattr(made, "user.other.tool", b"1")
        os.setxattr(made, "user.fuseoverlayfs.override_stat", b"not:a:stat")
        os.setxattr(place / "upper", "user.overlay.opaque", b"perhaps")
        with container([lower], place) as engine:
            assert "user.other.tool" in engine.listxattr(b"/made")
            assert engine.stat(b"/made").size == 1
            assert engine.read(b"/f") == b"lower"

    @needs_root
    def test_an_unknown_kind_of_file(self, lower: Path, tmp_path: Path) -> None:
        place = writable(tmp_path / "c")
        os.mknod(place / "upper" / "odd", stat.S_IFCHR | 0o600, os.makedev(0, 7))
        with container([lower], place) as engine:
            assert engine.stat(b"/odd").rdev == os.makedev(0, 7)
            with fails(errno.EACCES):
                engine.open(b"/odd")
            engine.unlink(b"/odd")
            assert not engine.exists(b"/odd")

    def test_removed_behind_its_back(self, engine: Engine) -> None:
        engine.open(b"/new", os.O_WRONLY | os.O_CREAT).close()
        (engine.upper.directory / "new").unlink()
        with fails(errno.ENOENT):
            engine.read(b"/new")

    def test_rubbish_in_the_work_directory_is_cleared(self, lower: Path, tmp_path: Path) -> None:
        place = writable(tmp_path / "c")
        rubbish = place / "work" / "work" / "#1" / "deep"
        rubbish.mkdir(parents=True)
        (rubbish / "file").touch()
        with container([lower], place):
            assert os.listdir(place / "work" / "work") == []


@contextmanager
def small_disk(at: Path, size: int) -> Iterator[None]:
    """A file system of ``size`` bytes, mounted at ``at``."""
    own_mounts()
    at.mkdir()
    libc = ctypes.CDLL(None, use_errno=True)
    options = f"size={size}".encode()
    assert libc.mount(b"tmpfs", os.fsencode(at), b"tmpfs", 0, options) == 0
    try:
        yield
    finally:
        libc.umount2(os.fsencode(at), 2)


@needs_root
def test_a_full_disk_in_the_middle_of_a_copy_up(tmp_path: Path) -> None:
    layer = tmp_path / "lower"
    layer.mkdir()
    (layer / "big").write_bytes(os.urandom(4 << 20))
    (layer / "small").write_bytes(b"fits")
    with small_disk(tmp_path / "disk", 1 << 20), container([layer], tmp_path / "disk" / "c") as e:
        before = engine_tree(e)
        for attempt in (
            lambda: e.open(b"/big", os.O_WRONLY),
            lambda: e.chmod(b"/big", 0o600),
            lambda: e.rename(b"/big", b"/other"),
            lambda: e.link(b"/big", b"/other"),
        ):
            with fails(errno.ENOSPC):
                attempt()
        assert engine_tree(e) == before
        assert os.listdir(tmp_path / "disk" / "c" / "upper") == []
        assert os.listdir(tmp_path / "disk" / "c" / "work" / "work") == []
        e.open(b"/big", os.O_WRONLY | os.O_TRUNC).close()
        e.chmod(b"/small", 0o600)
        assert e.read(b"/small") == b"fits"


class TestDamagedBlob:
    CONTENT = bytes(range(256)) * 20

    def lower(self, folder: Path, read_as: bytes) -> IndexLower:
        """A layer that was indexed once, and now reads as something else."""
        view = stacks([tar([file("f", self.CONTENT), file("g", b"fine")])], folder)[-1]
        return IndexLower(view, lambda layer, offset, size: read_as[offset : offset + size])

    def blob(self) -> bytes:
        return tar([file("f", self.CONTENT), file("g", b"fine")])

    @pytest.mark.parametrize("change", ["flipped", "cut"])
    def test_reading_names_the_layer(self, change: str, tmp_path: Path) -> None:
        blob = bytearray(self.blob())
        if change == "flipped":
            blob[600] ^= 1
        else:
            del blob[600:]
        with container(self.lower(tmp_path, bytes(blob)), tmp_path / "c") as engine:
            layer = engine.lower.view.layers[0].diff_id  # type: ignore[attr-defined]
            before = engine_tree_without_content(engine)
            for attempt in (
                lambda: engine.read(b"/f"),
                lambda: engine.open(b"/f", os.O_WRONLY),
                lambda: engine.chmod(b"/f", 0o600),
            ):
                with pytest.raises(DamagedLayer) as failed:
                    attempt()
                assert failed.value.errno == errno.EIO
                assert failed.value.layer == layer
                assert layer.short in str(failed.value)
            assert engine_tree_without_content(engine) == before
            assert os.listdir(tmp_path / "c" / "upper") == []
            engine.open(b"/f", os.O_WRONLY | os.O_TRUNC).close()
            assert engine.read(b"/f") == b""

    def test_a_reader_that_finds_the_damage_itself(self, tmp_path: Path) -> None:
        view = stacks([self.blob()], tmp_path)[-1]

        def read(layer: int, offset: int, size: int) -> bytes:
            raise BrokenBlob("blob", "the gzip stream ends in the middle")

        with container(IndexLower(view, read), tmp_path / "c") as engine:
            with pytest.raises(DamagedLayer, match="ends in the middle"):
                engine.read(b"/g")
            assert engine.stat(b"/g").size == 4


def engine_tree_without_content(engine: Engine) -> dict[bytes, object]:
    """Names and metadata."""
    return {name: engine.stat(b"/" + name) for name in engine.names(b"/")}


class TestNames:
    LONG = b"n" * 255

    def test_255_bytes(self, engine: Engine) -> None:
        engine.open(b"/" + self.LONG, os.O_WRONLY | os.O_CREAT).close()
        engine.unlink(b"/" + self.LONG)
        for attempt in (
            lambda: engine.stat(b"/" + self.LONG + b"n"),
            lambda: engine.mkdir(b"/" + self.LONG + b"n"),
            lambda: engine.symlink(b"f", b"/d/" + self.LONG + b"n"),
            lambda: engine.stat(b"/d/.." * 900),
        ):
            with fails(errno.ENAMETOOLONG):
                attempt()

    def test_a_lower_name_of_255_bytes_can_be_deleted(self, tmp_path: Path) -> None:
        layer = tmp_path / "lower"
        layer.mkdir()
        (layer / self.LONG.decode()).touch()
        with container([layer], tmp_path / "c") as engine:
            engine.unlink(b"/" + self.LONG)
            assert engine.names(b"/") == {}

    @pytest.mark.parametrize("name", [b"\xff\xfe", b"\n", b"\xc3\x28", b" ", b"a\\b", b"\x1b[0m"])
    def test_not_utf_8(self, name: bytes, engine: Engine) -> None:
        with engine.open(b"/d/" + name, os.O_WRONLY | os.O_CREAT) as handle:
            handle.write(b"x")
        engine.rename(b"/d/" + name, b"/" + name)
        assert engine.read(b"/" + name) == b"x"
        assert name in engine.names(b"/")
        out = io.BytesIO()
        commit_layer(engine, out)
        assert name in out.getvalue()

    def test_nul_and_nothing(self, engine: Engine) -> None:
        with fails(errno.EINVAL):
            engine.stat(b"/d\0/g")
        with fails(errno.ENOENT):
            engine.stat(b"")

    @pytest.mark.parametrize("name", [b".wh.f", b".wh.", b".wh..wh..opq"])
    def test_a_name_that_means_deletion_can_be_made_but_not_committed(
        self, name: bytes, engine: Engine
    ) -> None:
        engine.open(b"/d/" + name, os.O_WRONLY | os.O_CREAT).close()
        out = io.BytesIO()
        with pytest.raises(ReservedName) as failed:
            commit_layer(engine, out)
        assert failed.value.what == "/d/" + name.decode()
        assert out.getvalue() == b""


class TestLeaving:
    @pytest.mark.parametrize(
        "target", [b"/etc/passwd", b"../../../../../../etc/passwd", b"/../etc/passwd"]
    )
    def test_symlinks_and_dots(self, target: bytes, engine: Engine) -> None:
        engine.symlink(target, b"/d/out")
        with fails(errno.ENOENT):
            engine.read(b"/d/out")
        with fails(errno.ENOENT):
            engine.open(b"/d/out", os.O_WRONLY | os.O_CREAT)
        engine.mkdir(b"/etc")
        with engine.open(b"/d/out", os.O_WRONLY | os.O_CREAT) as handle:
            handle.write(b"inside")
        assert (engine.upper.directory / "etc" / "passwd").read_bytes() == b"inside"

    def test_symlinks_of_an_image(self, tmp_path: Path) -> None:
        outside = tmp_path / "outside"
        outside.mkdir()
        (outside / "f").write_text("host")
        view = stacks([tar([symlink("up", "../../.."), symlink("abs", str(outside))])], tmp_path)
        with container(IndexLower(view[-1], lambda *_: b""), tmp_path / "c") as engine:
            for path in (b"/abs/f", b"/up/outside/f", b"/up/up/abs/f"):
                with fails(errno.ENOENT):
                    engine.open(path, os.O_RDWR)
            assert engine.names(b"/up").keys() == {b"up", b"abs"}

    def test_a_loop_of_symlinks(self, engine: Engine) -> None:
        engine.symlink(b"b", b"/a")
        engine.symlink(b"a", b"/b")
        for path in (b"/a", b"/a/x"):
            with fails(errno.ELOOP):
                engine.read(path)
        with fails(errno.ELOOP):
            engine.open(b"/a", os.O_WRONLY | os.O_CREAT)

    def test_hard_links_of_symlinks_stay_symlinks(self, engine: Engine) -> None:
        engine.symlink(b"/etc/passwd", b"/s")
        engine.link(b"/s", b"/t")
        assert engine.readlink(b"/t") == b"/etc/passwd"
        with fails(errno.ENOENT):
            engine.link(b"/s", b"/u", follow=True)

    def test_a_directory_that_turns_into_a_symlink(self, lower: Path, tmp_path: Path) -> None:
        """Somebody changes the layer's directory on the host, at any moment."""
        outside = tmp_path / "outside"
        outside.mkdir()
        (outside / "victim").write_text("host")
        place = writable(tmp_path / "c")
        upper = place / "upper"
        (upper / "e").mkdir()
        (upper / "swap").symlink_to(outside)
        stop = threading.Event()

        def swap() -> None:
            fd = os.open(upper, os.O_RDONLY)
            while not stop.is_set():
                renameat2(fd, b"e", fd, b"swap", RENAME_EXCHANGE)
            os.close(fd)

        thread = threading.Thread(target=swap)
        thread.start()
        try:
            for turn in range(300):
                with container([lower], place) as engine:
                    _attack(engine, turn % 6)
        finally:
            stop.set()
            thread.join()
        assert os.listdir(outside) == ["victim"]
        assert (outside / "victim").read_text() == "host"
        assert stat.S_IMODE((outside / "victim").stat().st_mode) != 0o777
        assert os.listxattr(outside / "victim") == []


def _attack(engine: Engine, first: int) -> None:
    attempts: list[Callable[[], None]] = [
        lambda: engine.open(b"/e/victim", os.O_RDWR).close(),
        lambda: engine.open(b"/e/new", os.O_WRONLY | os.O_CREAT).close(),
        lambda: engine.chmod(b"/e/victim", 0o777),
        lambda: engine.setxattr(b"/e/victim", "user.x", b"1"),
        lambda: engine.unlink(b"/e/victim"),
        lambda: engine.rename(b"/e/victim", b"/stolen"),
    ]
    for attempt in attempts[first:]:
        with contextlib.suppress(OSError):
            attempt()
