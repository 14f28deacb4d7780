"""Registries of others: what one tool pushes another pulls, digest for digest."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import peers
from tests.support.images import docker_members, image, write_tar
from tests.support.layers import file, folder, hardlink, symlink, tar
from tests.support.peers import REGISTRY_USER, Tool
from tests.support.processes import write_images
from tests.support.program import Layerscope

pytestmark = pytest.mark.interop

MIXED = "sample_images/mixed-codecs.oci.tar"
NAME = "example/mixed-codecs:latest"
LAYERS = (
    tar([folder("etc"), file("etc/motd", b"welcome"), file("big", b"0123456789" * 50_000)]),
    tar([file("etc/motd", b"changed"), hardlink("etc/issue", "etc/motd"), symlink("to", "big")]),
    tar([file("etc/motd", b"changed", mode=0o600), file(".wh.big")]),
)


@pytest.fixture
def own(tmp_path: Path) -> Layerscope:
    """The command line on an empty store."""
    return Layerscope(tmp_path / "own")


@pytest.fixture
def locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A registry that lets in somebody who has logged in."""
    peers.need("docker-registry")
    folder = tmp_path / "locked"
    folder.mkdir()
    with peers.registry(folder, password=True) as address:
        encoded = base64.b64encode(":".join(REGISTRY_USER).encode()).decode()
        auths = {"auths": {address: {"auth": encoded}}}
        (tmp_path / "auth.json").write_text(json.dumps(auths))
        monkeypatch.setenv("REGISTRY_AUTH_FILE", str(tmp_path / "auth.json"))
        yield address


def raw(skopeo: Tool, target: str) -> Any:
    """A manifest as it lies there."""
    words = ["--tls-verify=false"] if target.startswith("docker:") else []
    return json.loads(skopeo("inspect", "--raw", *words, target))


def manifest(layerscope: Layerscope, name: str) -> Any:
    """The manifest of an image of the store as it lies there."""
    index = json.loads((layerscope.store / "index.json").read_text())
    (digest,) = {
        row["digest"]
        for row in index["manifests"]
        if row["annotations"]["org.opencontainers.image.ref.name"] == name
    }
    return json.loads((layerscope.store / "blobs/sha256" / digest.partition(":")[2]).read_text())


@pytest.mark.parametrize("fixture", ["registry", "locked"])
def test_what_is_pushed_others_pull(
    request: pytest.FixtureRequest,
    own: Layerscope,
    skopeo: Tool,
    fixture: str,
    tmp_path: Path,
) -> None:
    address = request.getfixturevalue(fixture)
    own("load", MIXED)
    done = own.json("push", NAME, f"{address}/pushed/{fixture}:1")
    assert (done["layers"], done["blobs_added"]) == (4, 6)
    target = f"docker://{address}/pushed/{fixture}:1"
    assert raw(skopeo, target) == manifest(own, NAME)
    words = ("--src-tls-verify=false", "-q", "--preserve-digests")
    skopeo("copy", *words, target, f"oci:{tmp_path}/theirs:x")
    assert raw(skopeo, f"oci:{tmp_path}/theirs:x") == manifest(own, NAME)
    other = Layerscope(tmp_path / "other")
    pulled = other.json("pull", f"{address}/pushed/{fixture}:1")
    assert pulled["id"] == done["id"]
    assert manifest(other, pulled["names"][0]) == manifest(own, NAME)
    assert other.json("fsck")["clean"]


@pytest.mark.parametrize("form", ["oci", "v2s2"])
def test_what_others_push_is_pulled(
    own: Layerscope, skopeo: Tool, registry: str, form: str
) -> None:
    name = f"{registry}/theirs/{form}:1"
    target = f"docker://{name}"
    words = ("-q", "--dest-tls-verify=false", "--format", form)
    source = "docker-archive:sample_images/five-layers.docker.tar"
    skopeo("copy", *words, source, target)
    seen = {verb: own.json(verb, target) for verb in ("layers", "tree", "history")}
    own("pull", name)
    assert manifest(own, name) == raw(skopeo, target)
    for verb, rows in seen.items():
        assert own.json(verb, name) == rows, verb
    assert own.json("fsck")["clean"]
    own("push", name, f"{registry}/ours/{form}:1")
    assert raw(skopeo, f"docker://{registry}/ours/{form}:1") == raw(skopeo, target)


def test_an_index_for_several_platforms(
    own: Layerscope, skopeo: Tool, registry: str, tmp_path: Path
) -> None:
    layout = tmp_path / "layout"
    entries = []
    for architecture in ("amd64", "arm64"):
        skopeo("copy", "-q", f"oci-archive:{MIXED}", f"oci:{layout}:{architecture}")
        index = json.loads((layout / "index.json").read_text())
        (entry,) = [
            one for one in index["manifests"] if one["annotations"].popitem()[1] == architecture
        ]
        entry.pop("annotations")
        held = json.loads((layout / "blobs/sha256" / entry["digest"][7:]).read_text())
        config = json.loads((layout / "blobs/sha256" / held["config"]["digest"][7:]).read_text())
        held["config"] |= put(layout, json.dumps(config | {"architecture": architecture}))
        entry |= put(layout, json.dumps(held))
        entries.append(entry | {"platform": {"os": "linux", "architecture": architecture}})
    kind = "application/vnd.oci.image.index.v1+json"
    text = json.dumps({"schemaVersion": 2, "mediaType": kind, "manifests": entries})
    nested = {"mediaType": kind, **put(layout, text)}
    top = {"schemaVersion": 2, "manifests": [nested]}
    (layout / "index.json").write_text(json.dumps(top))
    name = f"{registry}/several:1"
    words = ("-q", "--all", "--preserve-digests", "--dest-tls-verify=false")
    skopeo("copy", *words, f"oci:{layout}", f"docker://{name}")
    for entry in entries:
        architecture = entry["platform"]["architecture"]
        platform = f"linux/{architecture}"
        tag = f"mine:{architecture}"
        own("pull", name, "--platform", platform, "-t", tag)
        assert own.json("inspect", tag)[0]["architecture"] == architecture
        assert manifest(own, tag) == raw(skopeo, f"docker://{registry}/several@{entry['digest']}")
        assert len(own.json("layers", f"docker://{name}", "--platform", platform)) == 4


def put(layout: Path, text: str) -> dict[str, Any]:
    """Add a blob to a layout; how a descriptor says it."""
    from tests.support.fake_registry import digest_of

    digest = digest_of(text.encode())
    (layout / "blobs/sha256" / digest[7:]).write_text(text)
    return {"digest": digest, "size": len(text)}


def test_the_second_image_moves_two_layers(own: Layerscope, registry: str, tmp_path: Path) -> None:
    archive = write_images(tmp_path / "images.tar")
    for name in ("acme/my-base-image:1.0", "acme/my-final-image:1.0"):
        own("load", f"docker-archive:{archive}:{name}")
    base = own.json("push", "acme/my-base-image:1.0", f"{registry}/acme/my-base-image:1.0")
    done = own.json("push", "acme/my-final-image:1.0", f"{registry}/acme/my-final-image:1.0")
    assert base["blobs_shared"] == 0
    assert (done["layers"], done["blobs_shared"]) == (base["layers"] + 2, base["layers"])
    assert done["blobs_added"] == 2 + 2  # with the config and the manifest
    other = Layerscope(tmp_path / "other")
    other("pull", f"{registry}/acme/my-base-image:1.0")
    pulled = other.json("pull", f"{registry}/acme/my-final-image:1.0")
    assert (pulled["blobs_added"], pulled["blobs_shared"]) == (2 + 2, base["layers"])


def test_zstd_chunked_is_looked_at_by_its_tables(
    own: Layerscope, skopeo: Tool, registry: str, tmp_path: Path
) -> None:
    # Old versions of skopeo drop all but two of the zero blocks at a tar's end.
    layers = [
        layer.rstrip(b"\0") + bytes(-len(layer.rstrip(b"\0")) % 512 + 1024) for layer in LAYERS
    ]
    archive = write_tar(tmp_path / "made.tar", docker_members(image("made:1", layers=layers)))
    target = f"docker://{registry}/chunked:1"
    words = ("-q", "--dest-tls-verify=false", "--dest-compress-format", "zstd:chunked")
    skopeo("copy", *words, f"docker-archive:{archive}", target)
    by_tables = [own.json(verb, target) for verb in ("tree", "layers", "history", "analyze")]
    assert not any(row["verified"] for row in by_tables[1])
    files = [row["path"] for row in by_tables[0] if row["kind"] == "file"]
    contents = {path: own("cat", target, path) for path in files}
    own("pull", f"{registry}/chunked:1")
    verified = [own.json(verb, target) for verb in ("tree", "layers", "history", "analyze")]
    for row in by_tables[1]:
        row["verified"] = True
    assert by_tables == verified
    assert contents == {path: own("cat", target, path) for path in files}


def test_who_has_not_logged_in_is_told(
    own: Layerscope, locked: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from tests.support.command import run

    for text, why in (
        ("{}", "it wants to know who asks, and nobody has logged in"),
        (json.dumps({"auths": {locked: {"username": "x", "password": "y"}}}), "denies it"),
    ):
        (tmp_path / "auth.json").write_text(text)
        ran = run("pull", f"{locked}/any:1", root=own.store)
        assert ran.returncode == 1
        first, hint = ran.stderr.splitlines()
        assert why in first
        assert hint == f"try: docker login {locked}, or skopeo login {locked}"
