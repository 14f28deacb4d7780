"""Archives of `docker save`, old and new, and what can be wrong with them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from layerscope.errors import LayerscopeError
from layerscope.oci.digest import Digest
from layerscope.sources.image import ChooseImage, Image, NotAnImage
from layerscope.sources.target import open_target
from layerscope.store.store import Store
from tests.support.images import (
    BASE,
    TOP,
    Members,
    docker_25_members,
    docker_members,
    image,
    write_tar,
)

ONE = image("one:1", "also:1")
TWO = image("two:1", note="two")
LAYERS = [Digest.of(BASE), Digest.of(TOP)]


def opened(
    store: Store, members: Members, ref: str = "", symlinks: Mapping[str, str] | None = None
) -> Image:
    path = write_tar(store.root.with_name("image.tar"), members, symlinks=symlinks)
    return open_target(f"docker-archive:{path}{ref}", store)


@pytest.mark.parametrize("form", [docker_members, docker_25_members])
def test_both_forms_are_read(store: Store, form: Callable[..., Members]) -> None:
    found = opened(store, form(ONE))
    assert found.names == ("one:1", "also:1")
    assert found.id.hex == ONE.config.sha256
    assert [layer.diff_id for layer in found.layers] == LAYERS
    with found.layers[1].open() as layer:
        assert layer.read() == TOP


def test_the_new_form_keeps_its_own_manifest(store: Store) -> None:
    found = opened(store, docker_25_members(ONE))
    assert found.manifest_bytes == ONE.manifest.content
    assert [layer.descriptor.digest for layer in found.layers if layer.descriptor] == LAYERS


@pytest.mark.parametrize(
    "index", [b"nonsense", b"{}", b'{"manifests": [{"digest": "sha256:1", "size": 1}]}']
)
def test_without_a_right_index_manifest_json_says_all(store: Store, index: bytes) -> None:
    found = opened(store, docker_25_members(ONE) | {"index.json": index})
    assert found.manifest is None
    assert [layer.diff_id for layer in found.layers] == LAYERS


def test_layers_may_be_links_to_each_other(store: Store) -> None:
    twice = image("twice:1", layers=[BASE, BASE])
    members = docker_members(twice)
    manifest = json.loads(members["manifest.json"])
    manifest[0]["Layers"][1] = "second/layer.tar"
    members["manifest.json"] = json.dumps(manifest).encode()
    target = f"../{manifest[0]['Layers'][0]}"
    found = opened(store, members, symlinks={"second/layer.tar": target})
    with found.layers[1].open() as layer:
        assert layer.read() == BASE


@pytest.mark.parametrize(
    ("ref", "image_id"),
    [
        (":one:1", ONE.config.sha256),
        (":also:1", ONE.config.sha256),
        (":docker.io/library/two:1", TWO.config.sha256),
        (":@1", TWO.config.sha256),
        (f":{TWO.config.sha256[:12]}", TWO.config.sha256),
        (f":sha256:{TWO.config.sha256}", TWO.config.sha256),
    ],
)
def test_one_of_several_is_chosen(store: Store, ref: str, image_id: str) -> None:
    assert opened(store, docker_members(ONE, TWO), ref).id.hex == image_id


@pytest.mark.parametrize("ref", ["", ":three:1", ":@2", ":Not A Name", ":\x1b[2J"])
def test_the_names_are_listed_where_none_fits(store: Store, ref: str) -> None:
    with pytest.raises(ChooseImage, match="there are: one:1, also:1, two:1") as caught:
        opened(store, docker_members(ONE, TWO), ref)
    assert caught.value.hint
    assert caught.value.hint.startswith("docker-archive:")
    assert "\x1b" not in str(caught.value)


def test_nameless_images_are_listed_by_number(store: Store) -> None:
    with pytest.raises(ChooseImage, match="there are: @0, @1"):
        opened(store, docker_members(image(), image(note="other")))


def changed(**values: Any) -> Members:
    """An archive whose only item of manifest.json has other values."""
    members = docker_members(ONE)
    (item,) = json.loads(members["manifest.json"])
    members["manifest.json"] = json.dumps([item | values]).encode()
    return members


def without(name: str) -> Members:
    members = docker_members(ONE)
    del members[next(member for member in members if member.endswith(name))]
    return members


def damaged_config() -> Members:
    members = docker_members(ONE)
    name = f"{ONE.config.sha256}.json"
    return members | {name: members[name].replace(b"amd64", b"arm64")}


BROKEN: dict[str, tuple[Members, str]] = {
    "not JSON": (docker_members(ONE) | {"manifest.json": b"{"}, "it is no JSON"),
    "empty": (docker_members(ONE) | {"manifest.json": b""}, "it is empty"),
    "no list": (docker_members(ONE) | {"manifest.json": b"{}"}, "no JSON list of objects"),
    "an empty list": (docker_members(ONE) | {"manifest.json": b"[]"}, "it lists no image"),
    "a list of lists": (docker_members(ONE) | {"manifest.json": b"[[]]"}, "no JSON list"),
    "no manifest": (without("manifest.json"), "'manifest.json' is missing"),
    "no config": (without(".json"), "is missing"),
    "no layer": (without("layer.tar"), "is missing"),
    "a layer less": (changed(Layers=[]), "it has 0 layers, its config 2 diffIDs"),
    "layers of a wrong type": (changed(Layers=[1, 2]), "'Layers' is no list of texts"),
    "a path outside": (changed(Layers=["../../etc/passwd", "/etc/shadow"]), "is missing"),
    "a config outside": (changed(Config="/etc/passwd"), "is missing"),
    "no config's name": (changed(Config=None), "'Config' is missing"),
    "a damaged config": (damaged_config(), "is damaged: its digest is"),
    "a config that is none": (changed(Config="manifest.json"), "it is no JSON object"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_is_wrong_is_one_line(store: Store, what: str) -> None:
    members, why = BROKEN[what]
    with pytest.raises(LayerscopeError, match=why) as caught:
        opened(store, members)
    assert "\n" not in str(caught.value)


def test_wrong_tags_are_left_out(store: Store) -> None:
    assert opened(store, changed(RepoTags=["Not A Name", "fine:1"])).names == ("fine:1",)
    assert opened(store, changed(RepoTags=None)).names == ()


def test_an_archive_cut_short_is_told(store: Store, tmp_path: Path) -> None:
    whole = write_tar(tmp_path / "whole.tar", docker_members(ONE)).read_bytes()
    for size in range(300, len(whole) - 10240, 3000):
        (tmp_path / "cut.tar").write_bytes(whole[:size])
        with pytest.raises(LayerscopeError):
            open_target(f"docker-archive:{tmp_path}/cut.tar", store)


def test_a_folder_is_no_archive(store: Store, tmp_path: Path) -> None:
    with pytest.raises(NotAnImage, match="it is a folder"):
        open_target(f"docker-archive:{tmp_path}", store)
