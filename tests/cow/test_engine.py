"""The engine's own promises: opening and closing, layers, threads, processes, errors."""

from __future__ import annotations

import errno
import multiprocessing
import os
import stat
import threading
from pathlib import Path

import pytest

from layerscope.accounting.ledger import Ledger
from layerscope.accounting.sizes import layer_usage
from layerscope.cow.engine import Engine, open_engine
from layerscope.cow.lock import LayerBusy
from layerscope.cow.node import Node
from layerscope.cow.rename import Mode
from tests.support.containers import container, fails, is_root, writable


@pytest.fixture
def layers(tmp_path: Path) -> list[Path]:
    """Three layers with a directory in common."""
    made = [tmp_path / f"layer{number}" for number in range(3)]
    for number, layer in enumerate(made):
        (layer / "d").mkdir(parents=True)
        (layer / "d" / f"f{number}").write_text(str(number))
        (layer / "same").write_text(f"layer {number}")
    return made


def test_a_path_shows_its_newest_layer(layers: list[Path], tmp_path: Path) -> None:
    with container(layers, tmp_path / "c") as engine:
        assert engine.read(b"/same") == b"layer 2"
        assert engine.names(b"/d").keys() == {b"f0", b"f1", b"f2"}
        assert engine.origin(b"/d/f1").layer == 1
        engine.chmod(b"/d/f1", 0o600)
        origin = engine.origin(b"/d/f1")
        assert origin.layer is None
        assert origin.lower is not None
        assert origin.lower.layer == 1
        assert engine.origin(b"/").layer is None
        assert engine.lower.depth == 3
        assert engine.statfs().f_bsize > 0


def test_what_was_written_is_there_again(layers: list[Path], tmp_path: Path) -> None:
    with container(layers, tmp_path / "c") as engine:
        engine.unlink(b"/d/f0")
        engine.mkdir(b"/new", 0o700)
        with engine.open(b"new/file", os.O_WRONLY | os.O_CREAT) as handle:
            handle.write(b"kept")
    with container(layers, tmp_path / "c") as engine:
        assert not engine.exists(b"/d/f0")
        assert engine.read(b"/new/file") == b"kept"
        assert engine.stat(b"new").perm == 0o700
    engine.close()


def test_the_umask_is_the_containers(layers: list[Path], tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        with container(layers, tmp_path / "c") as engine:
            engine.open(b"/f", os.O_WRONLY | os.O_CREAT).close()
            engine.mkdir(b"/n")
            engine.mknod(b"/p", stat.S_IFIFO | 0o666)
            perms = [engine.stat(path).perm for path in (b"/f", b"/n", b"/p")]
            assert perms == [0o644, 0o755, 0o644]
            engine.umask = 0
            engine.mkdir(b"/open")
            assert engine.stat(b"/open").perm == 0o777
    finally:
        os.umask(before)


def test_modes_of_rename(layers: list[Path], tmp_path: Path) -> None:
    with container(layers, tmp_path / "c") as engine:
        with fails(errno.EEXIST):
            engine.rename(b"/same", b"/d/f0", Mode.NOREPLACE)
        engine.rename(b"/same", b"/d/f0", Mode.EXCHANGE)
        assert engine.read(b"/same") == b"0"
        assert engine.read(b"/d/f0") == b"layer 2"
        with fails(errno.EXDEV):
            engine.rename(b"/d", b"/e")
        with fails(errno.EINVAL):
            engine.rename(b"/d", b"/d/inside")


def test_many_threads_on_one_container(layers: list[Path], tmp_path: Path) -> None:
    with container(layers, tmp_path / "c") as engine:
        ledger = Ledger(engine)
        failures: list[BaseException] = []

        def work(number: int) -> None:
            try:
                for turn in range(60):
                    path = b"/d/t%d-%d" % (number, turn)
                    with engine.open(path, os.O_RDWR | os.O_CREAT) as handle:
                        handle.write(b"x" * number)
                        handle.pwrite(b"y", 50)
                    with engine.open(b"/same", os.O_WRONLY | os.O_APPEND) as shared:
                        shared.write(b"+")
                    engine.rename(path, path + b"r")
                    if turn % 2:
                        engine.unlink(path + b"r")
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failures
        assert engine.read(b"/same") == b"layer 2" + b"+" * 480
        assert ledger.size == layer_usage(tmp_path / "c" / "upper").size == 487 + 8 * 30 * 51


def _open_again(upper: Path, work: Path, layers: list[Path]) -> None:
    try:
        with container(layers, upper.parent):
            os._exit(1)
    except LayerBusy as error:
        os._exit(0 if "another process" in error.why else 2)


def test_processes_are_kept_apart(layers: list[Path], tmp_path: Path) -> None:
    place = writable(tmp_path / "c")
    with container(layers, place):
        context = multiprocessing.get_context("fork")
        arguments = (place / "upper", place / "work", layers)
        child = context.Process(target=_open_again, args=arguments)
        child.start()
        child.join()
        assert child.exitcode == 0
    with container(layers, place):
        pass


def test_a_missing_directory(layers: list[Path], tmp_path: Path) -> None:
    from layerscope.cow.directory_lower import DirectoryLower

    with fails(errno.ENOENT):
        open_engine(DirectoryLower(layers), tmp_path / "no", tmp_path)
    with fails(errno.ENOENT):
        open_engine(DirectoryLower(layers), tmp_path, tmp_path / "no")


def test_more_directories_than_descriptors(tmp_path: Path) -> None:
    layer = tmp_path / "lower"
    for number in range(600):
        (layer / f"d{number}").mkdir(parents=True)
        (layer / f"d{number}" / "f").touch()
    with container([layer], tmp_path / "c") as engine:
        before = len(os.listdir("/proc/self/fd"))
        for number in range(600):
            engine.chmod(b"/d%d/f" % number, 0o600)
        assert len(os.listdir("/proc/self/fd")) < before + 450
        for number in range(600):
            assert engine.stat(b"/d%d/f" % number).perm == 0o600


def test_more_names_than_are_remembered(
    layers: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("layerscope.cow.core._MAX_NODES", 50)
    with container(layers, tmp_path / "c") as engine:
        with engine.open(b"/d/f0") as kept:
            for number in range(300):
                assert not engine.exists(b"/d/none%d" % number)
            with engine.open(b"/d/f0", os.O_WRONLY | os.O_APPEND) as writer:
                writer.write(b"!")
            assert kept.read() == b"0!"
        assert _remembered(engine) < 100


def _remembered(engine: Engine) -> int:
    pending, count = [engine.core.root], 0
    while pending:
        children = pending.pop().children.values()
        count += len(children)
        pending += [child for child in children if isinstance(child, Node)]
    return count


@pytest.mark.skipif(not is_root(), reason="owners need root")
def test_set_group_id_directories(layers: list[Path], tmp_path: Path) -> None:
    with container(layers, tmp_path / "c") as engine:
        engine.chown(b"/d", 0, 42)
        engine.chmod(b"/d", 0o2755)
        engine.unlink(b"/d/f0")
        for name in (b"/d/f0", b"/d/fresh"):
            engine.open(name, os.O_WRONLY | os.O_CREAT).close()
            assert engine.stat(name).gid == 42
        engine.mkdir(b"/d/sub")
        assert engine.stat(b"/d/sub").perm == 0o2755
        assert engine.stat(b"/d/sub").gid == 42


@pytest.mark.skipif(not is_root(), reason="devices need root")
def test_devices_are_not_opened(layers: list[Path], tmp_path: Path) -> None:
    with container(layers, tmp_path / "c") as engine:
        engine.mknod(b"/null", stat.S_IFCHR | 0o666, os.makedev(1, 3))
        engine.mknod(b"/sock", stat.S_IFSOCK | 0o666)
        with fails(errno.EACCES):
            engine.open(b"/null")
        with fails(errno.ENXIO):
            engine.open(b"/sock")
        with fails(errno.EPERM):
            engine.mknod(b"/whiteout", stat.S_IFCHR, 0)


@pytest.mark.skipif(not is_root(), reason="gives files to other users")
def test_what_others_put_into_a_sticky_directory_is_no_trap(tmp_path: Path) -> None:
    shared = tmp_path / "layer" / "shared"
    shared.mkdir(parents=True)
    shared.chmod(0o1777)
    os.chown(shared, 2, 2)
    (shared / "link").symlink_to("nowhere")
    os.chown(shared / "link", 1000, 1000, follow_symlinks=False)
    flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW
    with container([tmp_path / "layer"], tmp_path / "c") as engine:
        with fails(errno.EACCES):
            engine.open(b"/shared/link", flags)
        engine.chown(b"/shared/link", 2, 2, follow=False)
        with fails(errno.ELOOP):
            engine.open(b"/shared/link", flags)
