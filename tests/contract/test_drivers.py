"""What every storage driver must do: one suite, run on each of them."""

from __future__ import annotations

import functools
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from layerscope.archive.overlay import Form
from layerscope.archive.unpack import unpack_layer
from layerscope.cow.directory_lower import DirectoryLower
from layerscope.cow.driver import Driver, Layers
from layerscope.cow.driver_engine import EngineDriver
from layerscope.cow.driver_overlay import OverlayDriver
from layerscope.cow.driver_vfs import VfsDriver
from layerscope.cow.engine import Engine, open_engine
from layerscope.cow.form import detect_form
from layerscope.cow.lock import LayerBusy
from layerscope.cow.lower import Lower
from layerscope.cow.mount import own_mounts
from layerscope.cow.ops import Language, run_ops
from layerscope.cow.place import Place
from tests.cow.test_golden_ops import NEEDS_ROOT
from tests.support.containers import is_root, unpack
from tests.support.golden_ops import Case, base_tars, described_tree, ops_cases, same_description

DRIVERS: dict[str, Callable[[], Driver]] = {
    "engine": EngineDriver,
    "overlay": OverlayDriver,
    "vfs": VfsDriver,
}
# A full copy can rename any directory, and keeps hard links: there are no lower names to break.
OTHER_IN_A_COPY = {
    "3-rename-merged-dir",
    "hardlink-chmod",
    "hardlink-write-one",
    "rename-hardlink-self",
}


class Image:
    """An unpacked image, as the drivers want it."""

    def __init__(self, directories: list[Path], form: Form) -> None:
        self.form = form
        self.directories = directories
        self.layers = Layers(self._open, lambda: self.directories)

    def _open(self) -> Lower:
        return DirectoryLower(self.directories, self.form.namespace, self.form.owners)


@functools.cache
def _own_mounts() -> None:
    own_mounts()


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Image]:
    """The base images of the recorded cases."""
    root = tmp_path_factory.mktemp("images")
    form = detect_form(root)
    return {
        base: Image(unpack(base_tars(base), root / base, form), form) for base in ("one", "three")
    }


@pytest.fixture(params=DRIVERS)
def driver(request: pytest.FixtureRequest) -> Driver:
    """Each of the drivers."""
    if request.param == "overlay":
        if not is_root():
            pytest.skip("mounting needs root; the user namespace has a test of its own")
        _own_mounts()
    return DRIVERS[request.param]()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Directories for a container."""
    return Place(tmp_path / "upper", tmp_path / "work", tmp_path / "merged", detect_form(tmp_path))


def run(case: Case, engine: Engine) -> list[str]:
    """The results of a case's operations."""
    ops: list[dict[str, Any]] = [op for op in case.ops if "path" in op or "from" in op]
    return [result.result for result in run_ops(engine, ops, Language.CALLS)]


CASES = [case for case in ops_cases() if not case.mounts and case.name != "sparse-new"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_recorded_case(
    driver: Driver, case: Case, images: dict[str, Image], place: Place, tmp_path: Path
) -> None:
    if case.name in NEEDS_ROOT and not is_root():
        pytest.skip(NEEDS_ROOT[case.name])
    image = images[case.base]
    wanted = case.expected
    driver.create(image.layers, place)
    with driver.files(image.layers, place) as files:
        results = run(case, files)
        tree = described_tree(files)
    if not (driver.name == "vfs" and case.name in OTHER_IN_A_COPY):
        assert results == [
            result
            for op, result in zip(case.ops, wanted["results"], strict=True)
            if op["op"] != "@restart"
        ]
        if "tree" in wanted:
            assert [one["path"] for one in tree] == [one["path"] for one in wanted["tree"]]
            for one, other in zip(tree, wanted["tree"], strict=True):
                assert same_description(one, other), (one, other)
    others = [make() for name, make in DRIVERS.items() if is_root() or name != "overlay"]
    for other_driver in others:
        with other_driver.files(image.layers, place) as files:
            assert described_tree(files) == tree, other_driver.name
    if "save_error" not in wanted.get("commit", {}):
        _check_commit(driver, image, place, tree, tmp_path)


def _check_commit(
    driver: Driver, image: Image, place: Place, tree: list[dict[str, Any]], tmp_path: Path
) -> None:
    tar = io.BytesIO()
    driver.commit(image.layers, place, tar)
    again = io.BytesIO()
    driver.commit(image.layers, place, again)
    assert tar.getvalue() == again.getvalue()
    layer = tmp_path / "committed"
    layer.mkdir()
    unpack_layer(io.BytesIO(tar.getvalue()), layer, image.form)
    layers = [*image.directories, layer]
    lower = DirectoryLower(layers, image.form.namespace, image.form.owners)
    (tmp_path / "u").mkdir()
    (tmp_path / "w").mkdir()
    with open_engine(lower, tmp_path / "u", tmp_path / "w", image.form) as engine:
        assert _in_a_layer(described_tree(engine)) == _in_a_layer(tree)


def _in_a_layer(tree: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without what no layer holds: sockets, trusted xattrs, and the time of a directory that
    only lost a child which a layer can't name."""
    kept = []
    for entry in tree:
        if entry["type"] == "socket":
            continue
        xattrs = {k: v for k, v in entry.get("xattrs_b64", {}).items() if k.startswith("user.")}
        kept.append({**entry, "xattrs_b64": xattrs})
    return kept


def test_two_at_once_are_kept_apart(driver: Driver, images: dict[str, Image], place: Place) -> None:
    layers = images["one"].layers
    driver.create(layers, place)
    with driver.files(layers, place), pytest.raises(LayerBusy):
        driver.files(layers, place).__enter__()


def test_nothing_leaves_the_root(
    driver: Driver, images: dict[str, Image], place: Place, tmp_path: Path
) -> None:
    layers = images["one"].layers
    outside = tmp_path / "outside"
    outside.write_text("host")
    driver.create(layers, place)
    with driver.files(layers, place) as files:
        files.symlink(str(outside).encode(), b"/absolute")
        files.symlink(b"../../../../../../../.." + str(outside).encode(), b"/d/relative")
        for path in (b"/absolute", b"/d/relative", b"/../../" + str(outside).encode()):
            with pytest.raises(FileNotFoundError):
                files.read(path)
    assert outside.read_text() == "host"
