"""Podman's storage on disk: found, read, damaged."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from layerscope.errors import LayerscopeError
from layerscope.oci.document import InvalidDocument
from layerscope.sources.containers_storage.settings import (
    BadSettings,
    Place,
    find_place,
    parse_place,
)
from layerscope.sources.containers_storage.storage import NoStorage
from layerscope.sources.image import ChooseImage, NotAnImage
from layerscope.sources.load import load_image
from layerscope.sources.opened import OpenImage
from layerscope.sources.target import open_target
from layerscope.store.store import Store
from layerscope.usecases.foreign import foreign_containers, foreign_images
from tests.support.fake_storage import write_list, write_storage
from tests.support.images import image
from tests.support.ordinary_user import as_ordinary_user, their_directory

WEB, OTHER = image("example/web:1", "web:2"), image("quay.io/other/web:1", note="other")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A storage of two images that storage.conf names."""
    root = tmp_path / "storage"
    write_storage(root, WEB, OTHER)
    conf = tmp_path / "storage.conf"
    conf.write_text(f'[storage]\ngraphroot = "{root}"\nrunroot = "{tmp_path}/run"\n')
    monkeypatch.setenv("CONTAINERS_STORAGE_CONF", str(conf))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    return root


# -- what is there -------------------------------------------------------------------------------


def test_an_image_is_read_where_it_lies(root: Path, store: Store) -> None:
    opened = OpenImage(open_target("containers-storage:example/web:1", store), store)
    opened.read_all()
    assert opened.image.id.hex == WEB.config.sha256
    assert opened.image.names == ("localhost/example/web:1", "localhost/web:2")
    top = opened.need_stack(None)
    row = top.find(b"etc/motd")
    assert row is not None
    assert b"".join(opened.read_file(top, row)) == b"changed"
    assert load_image(opened.image, store).image.id == opened.image.id


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("localhost/example/web:1", WEB),
        ("example/web:1", WEB),
        ("web:2", WEB),
        ("quay.io/other/web:1", OTHER),
        ("other/web:1", OTHER),
        (WEB.config.sha256, WEB),
        (OTHER.config.sha256[:8], OTHER),
        (f"example/web:1@{WEB.config.sha256}", WEB),
    ],
)
def test_names_may_be_short(root: Path, store: Store, name: str, found: Any) -> None:
    assert open_target(f"containers-storage:{name}", store).id.hex == found.config.sha256


def test_a_name_of_several_is_to_be_chosen(root: Path, store: Store) -> None:
    with pytest.raises(ChooseImage, match=r"quay\.io/other/web:1"):
        open_target("containers-storage:web:1", store)


@pytest.mark.parametrize("name", ["eb:1", "web", "web:3", "ffffffffffff", "a b", "../x", "\udcff"])
def test_other_names_are_none(root: Path, store: Store, name: str) -> None:
    with pytest.raises(NotAnImage, match="no such image"):
        open_target(f"containers-storage:{name}", store)


def test_a_target_can_name_the_storage(
    root: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONTAINERS_STORAGE_CONF", os.devnull)
    for place in (f"[overlay@{root}+/run/x]", f"[{root}]", f"[overlay@{root}:a=b,c=d]"):
        assert open_target(f"containers-storage:{place}web:2", store).id.hex == WEB.config.sha256
    with pytest.raises(LayerscopeError, match="never closed"):
        open_target(f"containers-storage:[{root}", store)
    with pytest.raises(NoStorage, match="isn't supported"):
        open_target(f"containers-storage:[btrfs@{root}]web:2", store)


def test_the_list(root: Path) -> None:
    found = {one.names: one for one in foreign_images()}
    web = found["localhost/example/web:1", "localhost/web:2"]
    assert web.target == "containers-storage:localhost/example/web:1"
    assert web.size > sum(layer.tar.size for layer in WEB.layers)
    assert len(found) == 2


# -- what is damaged -----------------------------------------------------------------------------


def test_a_changed_file_is_told(root: Path, store: Store) -> None:
    for path in root.glob("overlay/*/diff/etc/motd"):
        path.write_bytes(path.read_bytes()[::-1])
    with pytest.raises(LayerscopeError, match="diffID"):
        OpenImage(open_target("containers-storage:web:2", store), store).read_all()


def test_a_layer_without_a_tar_split_is_told(root: Path, store: Store) -> None:
    for path in root.glob("overlay-layers/*.gz"):
        path.unlink()
    with pytest.raises(NotAnImage, match="no tar-split") as caught:
        open_target("containers-storage:web:2", store)
    assert "podman save" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("what", "records"),
    [
        ("images", [{"id": "../../etc", "names": ["localhost/web:2"]}]),
        ("images", [{"id": "a/b"}]),
        ("images", [{"id": ""}]),
        ("images", [{"id": 5}]),
        ("images", [{"names": "x"}]),
        ("images", [5]),
        ("layers", [{"id": "../x"}]),
        ("layers", []),
        ("containers", [{"id": "x/y"}]),
    ],
)
def test_lists_that_lie_are_one_line(
    root: Path, store: Store, what: str, records: list[dict[str, Any]]
) -> None:
    write_list(root, what, records)
    if what == "containers":
        told: list[LayerscopeError] = []
        assert foreign_containers(told.append) == []
        assert any("no ID" in error.why for error in told)
        return
    with pytest.raises((InvalidDocument, NotAnImage)):
        open_target("containers-storage:web:2", store)


def test_layers_in_a_circle_are_one_line(root: Path, store: Store) -> None:
    path = root / "overlay-layers" / "layers.json"
    layers = json.loads(path.read_text())
    layers[0]["parent"] = layers[-1]["id"]
    write_list(root, "layers", layers)
    with pytest.raises(InvalidDocument, match="circle"):
        open_target("containers-storage:web:2", store)


@pytest.mark.parametrize("text", ["", "null", "{", "5", "[[]]"])
def test_other_lists_are_one_line(root: Path, store: Store, text: str) -> None:
    (root / "overlay-images" / "images.json").write_text(text)
    with pytest.raises(LayerscopeError):
        open_target("containers-storage:web:2", store)


def test_a_damaged_config_is_told(root: Path, store: Store) -> None:
    for path in root.glob("overlay-images/*/=*"):
        path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(NotAnImage, match="is damaged"):
        open_target("containers-storage:web:2", store)


@pytest.mark.skipif(os.geteuid() != 0, reason="gives up root")
def test_who_may_not_read_it_is_told_so() -> None:
    with their_directory() as folder:
        write_storage(folder / "storage", WEB)
        (folder / "storage" / "overlay").chmod(0o700)
        (folder / "store").mkdir()
        os.chown(folder / "store", 65534, 65534)

        def look() -> None:
            store = Store.open(folder / "store")
            with pytest.raises(NoStorage, match="permission denied") as caught:
                open_target(f"containers-storage:[overlay@{folder}/storage]web:2", store)
            assert "podman unshare" in (caught.value.hint or "")

        assert as_ordinary_user(look) == ""


# -- where it is ---------------------------------------------------------------------------------


def test_the_place_is_podman_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(os, "getuid", lambda: 1000)
    home = {"XDG_DATA_HOME": "/d", "XDG_CONFIG_HOME": str(tmp_path), "XDG_RUNTIME_DIR": "/r"}
    usual = Place(Path("/d/containers/storage"), Path("/r/containers"))
    assert find_place(home) == usual
    (tmp_path / "containers").mkdir()
    conf = tmp_path / "containers" / "storage.conf"
    conf.write_text('[storage]\ndriver = "vfs"\nrootless_storage_path = "/big/$UID/$NO/$USER"\n')
    assert find_place({**home, "USER": "me"}).root == Path("/big/1000/$NO/me")
    assert find_place(home).driver == "vfs"
    assert find_place({**home, "STORAGE_DRIVER": "overlay"}).driver == "overlay"
    assert find_place({**home, "CONTAINERS_STORAGE_CONF": os.devnull}) == usual


def test_the_system_s_place_is_root_s(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    said = {"CONTAINERS_STORAGE_CONF": os.devnull}
    assert find_place(said).root == Path("/var/lib/containers/storage")
    unshared = {**said, "_CONTAINERS_ROOTLESS_UID": "1000", "XDG_DATA_HOME": "/d"}
    assert find_place(unshared).root == Path("/d/containers/storage")


@pytest.mark.parametrize("text", ["[storage", "storage = 5\n=", "a = " + "[" * 100_000, "\xff"])
def test_a_broken_storage_conf_is_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "conf").write_bytes(text.encode("latin-1"))
    with pytest.raises(BadSettings):
        find_place({"CONTAINERS_STORAGE_CONF": str(tmp_path / "conf")})


@pytest.mark.parametrize("text", ["", "x", "overlay@x", "@", "+", ":"])
def test_other_places_are_one_line(text: str) -> None:
    with pytest.raises(BadSettings):
        parse_place(text)
