"""What layerscope writes, taken by docker, skopeo, umoci and a registry."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support import merged
from tests.support.peers import Docker, Tool
from tests.support.program import Layerscope
from tests.support.real_images import Forms

pytestmark = pytest.mark.interop


@pytest.fixture
def loaded(layerscope: Layerscope, forms: Forms) -> str:
    """The real image in layerscope's store, by its name there."""
    layerscope("load", str(forms.saved))
    return forms.name


def test_docker_loads_a_docker_archive(
    layerscope: Layerscope, docker: Docker, loaded: str, tmp_path: Path
) -> None:
    out = tmp_path / "saved.tar"
    before = docker("inspect", "--format", "{{.Id}}", loaded)
    layerscope("tag", loaded, "example/again:1")
    layerscope("save", "example/again:1", "-o", str(out), "--format", "docker-archive")
    docker("load", "-i", str(out))
    assert docker("inspect", "--format", "{{.Id}}", "example/again:1") == before


@pytest.mark.parametrize("form", ["docker-archive", "oci-archive", "oci"])
def test_skopeo_copies_every_form(
    layerscope: Layerscope, skopeo: Tool, loaded: str, tmp_path: Path, form: str
) -> None:
    out = tmp_path / "saved"
    layerscope("save", loaded, "-o", str(out), "--format", form)
    skopeo("copy", "-q", f"{form}:{out}", f"dir:{tmp_path}/copied")
    manifest = json.loads((tmp_path / "copied" / "manifest.json").read_text())
    assert len(manifest["layers"]) == len(layerscope.json("layers", loaded))


def test_umoci_unpacks_an_oci_layout(
    layerscope: Layerscope, umoci: Tool, loaded: str, tmp_path: Path
) -> None:
    layout = tmp_path / "layout"
    layerscope("save", loaded, "-o", str(layout), "--format", "oci")
    index = json.loads((layout / "index.json").read_text())
    tag = index["manifests"][0]["annotations"]["org.opencontainers.image.ref.name"]
    umoci("unpack", "--image", f"{layout}:{tag}", str(tmp_path / "bundle"))

    theirs = merged.of_folder(tmp_path / "bundle" / "rootfs")
    ours = merged.of_tree(layerscope.json("tree", loaded))
    assert merged.differences(ours, theirs) == []


def test_oci_through_the_store_keeps_every_blob(
    layerscope: Layerscope, forms: Forms, tmp_path: Path
) -> None:
    source = Path(forms.target("oci-zstd"))
    layerscope("load", str(source), "-t", "example/zstd:1")
    layerscope("save", "example/zstd:1", "-o", str(tmp_path / "out"), "--format", "oci")

    def blobs(layout: Path) -> dict[str, bytes]:
        return {file.name: file.read_bytes() for file in (layout / "blobs/sha256").iterdir()}

    assert blobs(tmp_path / "out") == blobs(source)


def test_a_registry_takes_what_was_saved(
    layerscope: Layerscope, skopeo: Tool, registry: str, loaded: str, tmp_path: Path
) -> None:
    out = tmp_path / "saved"
    layerscope("save", loaded, "-o", str(out), "--format", "oci-archive")
    pushed = f"docker://{registry}/example/saved:1"
    skopeo("copy", "-q", "--dest-tls-verify=false", f"oci-archive:{out}", pushed)
    seen = json.loads(skopeo("inspect", "--tls-verify=false", pushed))
    assert len(seen["Layers"]) == len(layerscope.json("layers", loaded))


def test_skopeo_reads_the_store_as_it_lies(
    layerscope: Layerscope, skopeo: Tool, loaded: str
) -> None:
    index = json.loads((layerscope.store / "index.json").read_text())
    annotated = [row.get("annotations", {}) for row in index["manifests"]]  # not the nameless ones
    names = [found["org.opencontainers.image.ref.name"] for found in annotated if found]
    (name,) = [name for name in names if name.endswith(loaded)]
    seen = json.loads(skopeo("inspect", f"oci:{layerscope.store}:{name}"))
    assert len(seen["Layers"]) == len(layerscope.json("layers", loaded))
