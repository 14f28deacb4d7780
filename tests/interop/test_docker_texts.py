"""What Docker prints of images, printed again to the letter."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support import peers
from tests.support.peers import Docker
from tests.support.program import Layerscope

pytestmark = pytest.mark.interop

SAMPLES = {
    "example/five-layers:latest": "sample_images/five-layers.docker.tar",
    "example/wasteful:latest": "sample_images/wasteful.docker.tar",
    "acme/my-base-image:1.0": "sample_images/shared-base.docker.tar:acme/my-base-image:1.0",
    "acme/my-final-image:1.0": "sample_images/shared-base.docker.tar:acme/my-final-image:1.0",
}


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Docker, Layerscope]]:
    """A dockerd and a store, with the same images alone."""
    peers.need("docker", "dockerd", "runc", root=True)
    ours = Layerscope(tmp_path_factory.mktemp("store"))
    with peers.docker_daemon(tmp_path_factory.mktemp("docker")) as docker:
        for target in SAMPLES.values():
            docker("load", "-i", target.partition(":")[0])
            ours("load", f"docker-archive:{target}")
        yield docker, ours


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--no-trunc"],
        ["-q"],
        ["acme/my-base-image"],
        ["--format", r"table {{.ID}}\t{{.Repository}}\t{{.Size}}\t{{.VirtualSize}}"],
        ["--format", '{{upper .Repository}} {{truncate .ID 5}} {{join (split .Tag ".") "-"}}'],
        ["--format", "{{pad .Tag 2 2}}|{{title .Repository}} {{json .CreatedSince}}"],
        ["--format", "{{.CreatedAt}}"],
    ],
    ids=lambda words: " ".join(words)[:40] or "plain",
)
def test_images(both: tuple[Docker, Layerscope], words: list[str]) -> None:
    docker, ours = both
    assert ours("images", *words) == docker("images", *words)


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--no-trunc"],
        ["-q"],
        ["--format", "{{json .}}"],
        ["--format", r"table {{.CreatedAt}}\t{{.Size}}\t{{.CreatedBy}}"],
    ],
    ids=lambda words: " ".join(words)[:40] or "plain",
)
@pytest.mark.parametrize("name", SAMPLES)
def test_history(both: tuple[Docker, Layerscope], name: str, words: list[str]) -> None:
    docker, ours = both
    assert ours("history", *words, name) == docker("history", *words, name)


@pytest.mark.parametrize(
    "words",
    [[], ["-v"], ["--format", "{{json .}}"], ["--format", r"table {{.Type}}\t{{.Reclaimable}}"]],
    ids=lambda words: " ".join(words)[:40] or "plain",
)
def test_df(both: tuple[Docker, Layerscope], words: list[str]) -> None:
    docker, ours = both
    theirs = docker("system", "df", *words).splitlines()
    found = ours("df", *words).splitlines()
    if "-v" in words:  # Docker's images come in no order there
        theirs, found = sorted(theirs), sorted(found)
    assert found == theirs
