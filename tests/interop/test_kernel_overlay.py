"""A layer that the engine wrote, mounted by the kernel, and the other way round."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from layerscope.cow.directory_lower import DirectoryLower
from layerscope.cow.driver import Layers
from layerscope.cow.driver_overlay import mounted
from layerscope.cow.form import detect_form
from layerscope.cow.lower import Lower
from layerscope.cow.mount import MountFailed, escaped, own_mounts, own_users_and_mounts
from layerscope.cow.ops import run_ops
from layerscope.cow.place import Place
from tests.support.containers import container, is_root, unpack
from tests.support.golden_ops import base_tars, described_tree, ops_cases
from tests.support.ordinary_user import as_ordinary_user, their_directory
from tests.support.random_ops import Op, make_ops
from tests.support.random_stacks import make_stacks
from tests.support.sides import EngineSide, KernelSide, run
from tests.support.snapshots import Tree, differences, engine_tree, host_tree

needs_root = pytest.mark.skipif(not is_root(), reason="trusted xattrs and devices need root")


@pytest.fixture(scope="module", autouse=True)
def mounts_of_our_own() -> None:
    """Whatever happens, no mount outlives the tests."""
    if is_root():
        own_mounts()


@contextmanager
def mount(layers: Sequence[Path], directory: Path) -> Iterator[Path]:
    """The kernel's overlay on a container's directories."""
    place = Place(
        directory / "upper", directory / "work", directory / "merged", detect_form(directory)
    )
    place.make()

    def opened() -> Lower:
        return DirectoryLower(layers)

    with mounted(Layers(opened, lambda: layers), place) as merged:
        yield merged


def in_mount(layers: Sequence[Path], directory: Path, ops: Sequence[Op]) -> Tree:
    """Do operations as a process in the mount would; the tree after them."""
    root = os.open("/", os.O_RDONLY | os.O_DIRECTORY)
    try:
        with mount(layers, directory) as merged:
            os.chroot(merged)
            os.chdir("/")
            try:
                run(KernelSide(), ops)
                return host_tree(b"/", raw=False)
            finally:
                os.fchdir(root)
                os.chroot(".")
    finally:
        os.close(root)


@needs_root
@pytest.mark.parametrize("seed", range(12))
def test_taking_turns(seed: int, tmp_path: Path) -> None:
    """Engine, kernel, engine, kernel: each goes on where the other stopped, and sees the same."""
    rng = random.Random(seed)
    layers = make_stacks(tmp_path, rng, 6)[seed % 6]
    place = tmp_path / "container"
    for _ in range(3):
        with container(layers, place) as engine:
            run(EngineSide(engine), make_ops(rng, 120))
            mine = engine_tree(engine)
        theirs = in_mount(layers, place, [])
        assert not differences(mine, theirs)
        theirs = in_mount(layers, place, make_ops(rng, 120))
        with container(layers, place) as engine:
            mine = engine_tree(engine)
        assert not differences(mine, theirs)


@needs_root
def test_many_layers_with_long_paths(tmp_path: Path) -> None:
    """More than mount(2) takes in one page of options."""
    deep = tmp_path / ("long,name:" * 10)
    layers = [deep / f"layer{number:03}" for number in range(100)]
    for number, layer in enumerate(layers):
        layer.mkdir(parents=True)
        (layer / f"file{number}").write_text(str(number))
    with mount(layers, tmp_path) as merged:
        assert sorted(os.listdir(merged)) == sorted(f"file{number}" for number in range(100))


@needs_root
def test_an_opaque_root_hides_what_is_below(tmp_path: Path) -> None:
    below, above = tmp_path / "below", tmp_path / "above"
    below.mkdir()
    above.mkdir()
    (below / "old").touch()
    (above / "new").touch()
    os.setxattr(above, "trusted.overlay.opaque", b"y")
    with mount([below, above], tmp_path) as merged:
        assert os.listdir(merged) == ["new"]
    with container([below, above], tmp_path) as engine:
        assert list(engine.names(b"/")) == [b"new"]


def test_a_mount_that_fails_says_why(tmp_path: Path) -> None:
    with pytest.raises(MountFailed) as failed, mount([tmp_path / "missing"], tmp_path):
        pass
    assert failed.value.hint == "use the engine driver, which needs no mount"


def test_option_text_is_escaped() -> None:
    assert escaped("/a:b,c\\d") == "/a\\:b\\,c\\\\d"


def test_in_a_user_namespace() -> None:
    """Without root: the engine's layer (user xattrs) mounted by the kernel, and back again."""
    with their_directory() as directory:

        def work() -> None:
            form = detect_form(directory)
            layers = unpack(base_tars("three"), directory / "image", form)
            place = directory / "container"
            with container(layers, place, form) as engine:
                for case in ops_cases():
                    if not case.mounts and case.base == "three":
                        run_ops(engine, case.ops)
                engine.mkdir(b"/made")
                engine.symlink(b"f5", b"/made/link")
                mine = _names(described_tree(engine))
            own_users_and_mounts()
            with mount(layers, place) as merged:
                assert _host_names(merged) == mine
                (merged / "d" / "f10k").write_text("from the mount")
                (merged / "d" / "added2").unlink()
                os.rename(merged / "made" / "link", merged / "made" / "moved")
                theirs = _host_names(merged)
            with container(layers, place, form) as engine:
                assert _names(described_tree(engine)) == theirs
                assert engine.read(b"/d/f10k") == b"from the mount"

        assert as_ordinary_user(work) == ""


def _names(tree: list[dict[str, object]]) -> list[tuple[object, object]]:
    # Devices are plain files to a kernel that doesn't read the xattr they are kept in.
    return [(one["path"], one.get("size")) for one in tree if one["type"] != "char"]


def _host_names(merged: Path) -> list[tuple[object, object]]:
    found: list[tuple[object, object]] = []
    for folder, directories, files in os.walk(merged):
        for name in directories + files:
            path = Path(folder, name)
            at = "/" + str(path.relative_to(merged))
            if at == "/d/null":
                continue
            plain = path.is_symlink() or path.is_file()
            found.append((at, path.lstat().st_size if plain else None))
    return sorted(found, key=lambda one: os.fsencode(str(one[0])))
