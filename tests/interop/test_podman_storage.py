"""Podman's and Buildah's storage on disk: images and containers as podman itself shows them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from layerscope.containers.foreign.container import NotInPlace
from layerscope.sources.containers_storage.storage import NoStorage
from layerscope.sources.found import Engine
from layerscope.sources.image import NotAnImage
from layerscope.sources.load import load_image
from layerscope.sources.target import open_target
from layerscope.store.store import Store
from layerscope.usecases.foreign import (
    ReadFrom,
    foreign_changes,
    foreign_containers,
    foreign_figures,
    foreign_images,
)
from tests.support import engines, peers
from tests.support.peers import Docker, Tool
from tests.support.program import Layerscope

pytestmark = pytest.mark.interop

BUSYBOX = "example/busybox:1"


@dataclass(frozen=True)
class Podman:
    """podman and buildah with one storage; ``target`` names an image of it."""

    podman: Tool
    buildah: Tool
    folder: Path
    driver: str

    def target(self, name: str) -> str:
        where = f"{self.driver}@{self.folder}/root+{self.folder}/run"
        return f"containers-storage:[{where}]{name}"


@pytest.fixture(scope="module", params=["overlay", "vfs"])
def storage(
    request: pytest.FixtureRequest,
    docker: Docker,
    built: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Podman:
    """A storage with two images that a dockerd built and saved."""
    peers.need("podman", "buildah", root=True)
    folder = tmp_path_factory.mktemp(f"podman-{request.param}")
    podman = peers.private_storage("podman", folder, request.param)
    buildah = peers.private_storage("buildah", folder, request.param)
    made = Podman(podman, buildah, folder, request.param)
    engines.busybox_context(folder / "context")
    docker("build", "--network", "none", "-t", BUSYBOX, str(folder / "context"))
    for name in (BUSYBOX, built):
        saved = folder / "saved.tar"
        docker("save", "-o", str(saved), name)
        made.podman("load", "-q", "-i", str(saved))
        saved.rename(folder / f"{name.replace('/', '-')}.tar")
    return made


@pytest.fixture(autouse=True)
def only_this_storage(storage: Podman, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """storage.conf names the tests' storage; there is no other engine."""
    lines = [f'{key} = "{value}"' for key, value in _settings(storage).items()]
    (tmp_path / "storage.conf").write_text("\n".join(["[storage]", *lines]))
    monkeypatch.setenv("CONTAINERS_STORAGE_CONF", str(tmp_path / "storage.conf"))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")


def _settings(storage: Podman) -> dict[str, str]:
    root, run = f"{storage.folder}/root", f"{storage.folder}/run"
    return {"driver": storage.driver, "graphroot": root, "runroot": run}


Make = Callable[[str], Path]


@pytest.fixture
def make(storage: Podman) -> Iterator[Make]:
    """Creates a container of `BUSYBOX` and mounts it; they are removed after the test."""
    names: list[str] = []

    def create(name: str) -> Path:
        storage.podman("create", "--name", name, BUSYBOX, "sh")
        names.append(name)
        return Path(storage.podman("mount", name).strip())

    yield create
    for name in names:
        storage.podman("umount", name)
        storage.podman("rm", "-f", name)


def write(root: Path, script: str) -> None:
    """Runs a script with ``root`` as its root."""
    subprocess.run(["chroot", str(root), "/bin/sh", "-c", script], check=True)


def size_words(storage: Podman, name: str) -> tuple[int, int]:
    (row,) = json.loads(storage.podman("inspect", "--size", name))
    return row["SizeRw"], row["SizeRootFs"]


def diff_words(storage: Podman, name: str) -> list[str]:
    return sorted(storage.podman("diff", name).splitlines())


# -- images ------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["layers", "history", "tree", "inspect", "analyze"])
def test_a_target_is_what_docker_saved(
    layerscope: Layerscope, storage: Podman, built: str, verb: str
) -> None:
    ours = layerscope.json(verb, storage.target(built))
    saved = layerscope.json(verb, f"{storage.folder}/{built.replace('/', '-')}.tar")
    if verb == "inspect":
        assert ours[0].pop("names") == [f"localhost/{built}"]
        saved[0].pop("names")
    assert ours == saved


def test_every_tar_made_in_place_has_its_diff_id(
    storage: Podman, built: str, tmp_path: Path
) -> None:
    store = Store.open(tmp_path / "store")
    found = open_target(storage.target(built), store)
    assert load_image(found, store).image.id == found.id


@pytest.mark.parametrize(
    "name", ["busybox:1", "example/busybox:1", "localhost/example/busybox:1", "ID", "sha256:ID"]
)
def test_names_are_podman_s(storage: Podman, tmp_path: Path, name: str) -> None:
    words = ("image", "inspect", "--format", "{{.Id}}", BUSYBOX)
    identity = storage.podman(*words).strip()
    name = name.replace("ID", identity[:12])
    found = open_target(f"containers-storage:{name}", Store.open(tmp_path / "store"))
    assert found.id.hex == identity


@pytest.mark.parametrize("name", ["box:1", "busybox:2", "nothing", "0000"])
def test_other_names_are_none(storage: Podman, tmp_path: Path, name: str) -> None:
    with pytest.raises(NotAnImage, match="no such image"):
        open_target(storage.target(name), Store.open(tmp_path / "store"))


def test_the_list_is_podman_images(storage: Podman) -> None:
    listed = json.loads(storage.podman("images", "--format", "json"))
    theirs = {(row["Id"], tuple(row["Names"]), row["Size"]) for row in listed}
    found = foreign_images()
    assert {(one.id.removeprefix("sha256:"), one.names, one.size) for one in found} == theirs


def test_what_buildah_makes_is_there(
    storage: Podman, layerscope: Layerscope, tmp_path: Path
) -> None:
    (tmp_path / "Dockerfile").write_text(f"FROM localhost/{BUSYBOX}\nCOPY Dockerfile /made\n")
    words = ("build", "-q", "--isolation", "chroot", "-t", "by-buildah", str(tmp_path))
    storage.buildah(*words)
    target = storage.target("by-buildah")
    assert layerscope("cat", target, "/made") == (tmp_path / "Dockerfile").read_text()


# -- containers --------------------------------------------------------------------------------


def test_sizes_and_changes_are_podman_s_own(storage: Podman, make: Make) -> None:
    write(make("writes"), engines.WRITES)
    container = engines.find("writes")
    assert container.engine is Engine.PODMAN
    assert container.image == f"localhost/{BUSYBOX}"
    if storage.driver == "vfs":
        assert container.upper is None
        with pytest.raises(NotInPlace, match="vfs keeps no layer"):
            foreign_changes(container)
        return
    figures = foreign_figures(container)
    assert figures.read_from is ReadFrom.PLACE
    # What podman calls so is the image alone; here, as with Docker, it is both.
    own, image = size_words(storage, "writes")
    assert (figures.size_rw, figures.size_root_fs) == (own, image + own)
    assert engines.changed(container) == diff_words(storage, "writes")


def test_it_is_true_while_the_container_writes(storage: Podman, make: Make) -> None:
    if storage.driver == "vfs":
        pytest.skip("vfs keeps no layer of what was written")
    root = make("busy")
    script = "while :; do echo more >> /log; mkdir /tmp-dir; rmdir /tmp-dir; done"
    container = engines.find("busy")
    writer = subprocess.Popen(["chroot", str(root), "/bin/sh", "-c", script])
    try:
        assert engines.until(lambda: foreign_figures(container).size_rw > 0)
        before = foreign_figures(container).size_rw
        for _ in range(20):
            assert set(engines.changed(container)) - {"A /tmp-dir"} == {"A /log"}
        assert foreign_figures(container).size_rw > before
    finally:
        writer.kill()
        writer.wait()
    assert foreign_figures(container).size_rw == size_words(storage, "busy")[0]
    assert engines.changed(container) == diff_words(storage, "busy")


def test_working_containers_of_buildah_are_listed(storage: Podman) -> None:
    name = storage.buildah("from", f"localhost/{BUSYBOX}").strip()
    try:
        root = Path(storage.buildah("mount", name).strip())
        (root / "new").write_text("12345")
        container = engines.find(name)
        assert container.engine is Engine.BUILDAH
        if storage.driver == "overlay":
            assert foreign_figures(container).size_rw == 5
            assert engines.changed(container) == ["A /new"]
    finally:
        storage.buildah("rm", name)


def test_nobody_else_s_storage_is_told_as_such(tmp_path: Path) -> None:
    with pytest.raises(NoStorage, match="there is none"):
        open_target(f"containers-storage:[overlay@{tmp_path}/none]x", Store.open(tmp_path / "s"))
    told: list[Exception] = []
    assert foreign_containers(told.append) == [] or told


def test_nothing_is_changed_by_looking(storage: Podman, make: Make) -> None:
    write(make("looked-at"), "echo x > /x")
    words = ["find", f"{storage.folder}/root", "-printf", "%p %i %m %n %T@ %C@\n"]
    before = subprocess.check_output(words)
    foreign_images()
    container = engines.find("looked-at")
    if storage.driver == "overlay":
        foreign_figures(container)
        assert engines.changed(container) == ["A /x"]
    assert subprocess.check_output(words) == before
