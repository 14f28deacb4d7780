"""Archives of several images between layerscope and others; the store in the hands of umoci."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from layerscope.sources.save import SaveFormat, save_images
from layerscope.sources.target import open_target
from layerscope.store.store import Store
from tests.support.peers import Docker, Tool
from tests.support.stores import faults, load

pytestmark = pytest.mark.interop

PAIR = Path(__file__).parents[2] / "sample_images" / "shared-base.docker.tar"
BASE, FINAL = "acme/my-base-image:1.0", "acme/my-final-image:1.0"


@pytest.fixture
def pair(tmp_path: Path) -> Store:
    """A store with the two images on a shared base."""
    store = Store.open(tmp_path / "store")
    for name in (BASE, FINAL):
        load(store, f"docker-archive:{PAIR}:{name}")
    return store


def ids(store: Store) -> dict[str, str]:
    return {name: str(store.resolve(name).id) for name in (BASE, FINAL)}


def test_docker_takes_and_gives_several_images_in_one(
    docker: Docker, pair: Store, tmp_path: Path
) -> None:
    save_images(pair, [BASE, FINAL], tmp_path / "ours.tar", SaveFormat.DOCKER_ARCHIVE)
    docker("load", "-i", str(tmp_path / "ours.tar"))
    theirs = {name: docker("inspect", "--format", "{{.Id}}", name).strip() for name in ids(pair)}
    assert theirs == ids(pair)

    docker("save", "-o", str(tmp_path / "theirs.tar"), BASE, FINAL)
    for name, identity in ids(pair).items():
        again = open_target(f"docker-archive:{tmp_path}/theirs.tar:{name}", pair)
        assert str(again.id) == identity
        with again.layers[-1].open() as mine, open_target(name, pair).layers[-1].open() as kept:
            assert mine.read() == kept.read()


@pytest.mark.parametrize("form", [SaveFormat.DOCKER_ARCHIVE, SaveFormat.OCI_ARCHIVE])
def test_podman_takes_what_was_saved(
    podman: Tool, pair: Store, tmp_path: Path, form: SaveFormat
) -> None:
    save_images(pair, [FINAL], tmp_path / "ours.tar", form)
    podman("load", "-i", str(tmp_path / "ours.tar"))
    identity = ids(pair)[FINAL].removeprefix("sha256:")
    assert podman("image", "inspect", "--format", "{{.Id}}", identity).strip() == identity


def test_podman_gives_several_images_in_one(podman: Tool, pair: Store, tmp_path: Path) -> None:
    for name in ids(pair):
        save_images(pair, [name], tmp_path / "one.tar", SaveFormat.DOCKER_ARCHIVE)
        podman("load", "-i", str(tmp_path / "one.tar"))
    identities = [identity.removeprefix("sha256:") for identity in ids(pair).values()]
    words = ("save", "-q", "--multi-image-archive", "-o", f"{tmp_path}/several.tar")
    podman(*words, *identities)
    for identity in identities:
        found = open_target(f"docker-archive:{tmp_path}/several.tar:{identity[:12]}", pair)
        assert found.id.hex == identity


def test_skopeo_puts_several_images_in_one_layout(
    skopeo: Tool, pair: Store, tmp_path: Path
) -> None:
    for name in ids(pair):
        skopeo("copy", "-q", f"docker-archive:{PAIR}:{name}", f"oci:{tmp_path}/layout:{name}")
    for name in ids(pair):
        # The ID is another: skopeo writes the config anew.
        found = open_target(f"oci:{tmp_path}/layout:{name}", pair)
        assert found.names == (name,)
        assert found.config.diff_ids == pair.config(pair.resolve(name)).diff_ids
    save_images(pair, [BASE], tmp_path / "layout", SaveFormat.OCI)
    skopeo("inspect", f"oci:{tmp_path}/layout:{FINAL}")
    skopeo("inspect", f"oci:{tmp_path}/layout:{BASE}")


def test_umoci_finds_no_garbage_in_the_store(umoci: Tool, pair: Store, tmp_path: Path) -> None:
    pair.remove_image(BASE)
    pair.tag(FINAL, "other/name:1")
    pair.collect()
    pair.close()
    copy = tmp_path / "copy"
    shutil.copytree(pair.root, copy)
    umoci("gc", "--layout", str(copy))
    assert faults(Store.open(copy)) == []
    assert set(umoci("ls", "--layout", str(copy)).split()) == {FINAL, "other/name:1"}


def test_an_image_without_a_name_survives_umoci(umoci: Tool, pair: Store, tmp_path: Path) -> None:
    load(pair, f"docker-archive:{PAIR}:{FINAL}", "only:1")
    identity = pair.resolve("only:1").id
    load(pair, f"docker-archive:{PAIR}:{BASE}", "only:1", FINAL)
    assert pair.resolve(str(identity)).names == ()
    pair.close()
    copy = tmp_path / "copy"
    shutil.copytree(pair.root, copy)
    umoci("gc", "--layout", str(copy))
    assert faults(Store.open(copy)) == []
