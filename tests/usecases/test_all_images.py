"""Images wherever they are, as rows of one list."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from layerscope.errors import LayerscopeError
from layerscope.sources.found import Engine
from layerscope.store.store import Store
from layerscope.usecases.all_images import (
    ListedImage,
    details,
    engine_images,
    merged,
    store_images,
)
from tests.support.fake_docker import document
from tests.support.fake_engines import docker_with, no_engines, podman_with
from tests.support.images import image
from tests.support.stores import load_new

IMAGE = image("web:1")
ID = f"sha256:{IMAGE.config.sha256}"


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    no_engines(tmp_path, monkeypatch)


def row(source: str, identity: str, digest: str = "") -> ListedImage:
    return ListedImage(source, identity, (), "", 0, f"{source}:{identity}", digest=digest)


def test_the_same_image_is_known_by_its_id_or_its_manifest() -> None:
    ours, other = row("store", "sha256:1", "sha256:m"), row("store", "sha256:2", "sha256:n")
    theirs, stored = row("docker", "sha256:m"), row("podman", "sha256:1")
    found = merged([[ours, other], [theirs], [stored]])
    also = [("docker", "podman"), (), ("store", "podman"), ("store", "docker")]
    assert [one.also for one in found] == also
    assert [replace(one, also=()) for one in found] == [ours, other, theirs, stored]


def test_two_images_of_one_source_are_no_third_one() -> None:
    assert [one.also for one in merged([[row("podman", "1"), row("podman", "1")]])] == [(), ()]


def test_the_store_s(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "store")
    load_new(store, IMAGE)
    (found,) = store_images(store)
    assert (found.source, found.id, found.target) == ("store", ID, ID)
    assert (found.size, found.shared_size, found.unique_size, found.layers) == (5018, 0, 5018, 2)
    steps, config = details(store, found)
    assert [step.size for step in steps] == [0, 11, 5007]
    assert config.cmd == ("sh",)


def test_docker_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store.open(tmp_path / "store")
    with docker_with(tmp_path, monkeypatch, IMAGE) as answers:
        (found,) = engine_images(Engine.DOCKER)
        assert (found.target, found.names) == (f"docker-daemon:{ID}", ("web:1",))
        assert (found.size, found.unique_size, found.layers) == (9, None, None)
        steps, config = details(store, found)
        assert [step.created_by for step in steps] == ['CMD ["sh"]', "RUN 1", "RUN 0"]
        assert [step.empty_layer for step in steps] == [True, False, False]
        assert [step.id for step in steps] == [ID, "<missing>", "<missing>"]
        assert config.cmd == ("sh",)
        answers[f"/images/{ID}/history"] = document([{"CreatedBy": "x", "Size": 3}])
        assert [(one.size, one.empty_layer) for one in details(store, found)[0]] == [(3, False)]
    with pytest.raises(LayerscopeError, match="no daemon answers"):
        details(store, found)
    with pytest.raises(LayerscopeError, match="no daemon answers"):
        engine_images(Engine.DOCKER)


def test_podman_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store.open(tmp_path / "store")
    podman_with(tmp_path, monkeypatch, IMAGE)
    (found,) = engine_images(Engine.PODMAN)
    assert found.target == f"containers-storage:{IMAGE.config.sha256}"
    assert (found.names, found.layers) == (("localhost/web:1",), 2)
    steps, config = details(store, found)
    assert [step.size for step in steps] == [0, *(one.tar.size for one in IMAGE.layers[::-1])]
    assert config.cmd == ("sh",)
    (tmp_path / "podman" / "overlay-images" / "images.json").write_text("[]")
    with pytest.raises(LayerscopeError, match="it is gone"):
        details(store, found)


@pytest.mark.parametrize("engine", [Engine.DOCKER, Engine.PODMAN])
def test_engines_that_are_absent_have_none(engine: Engine) -> None:
    assert engine_images(engine) == []
