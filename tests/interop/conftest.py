"""Real peers and real images, made once a session."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bench import rootfs as distribution
from tests.support import peers
from tests.support.peers import Docker, Tool
from tests.support.program import Layerscope
from tests.support.real_images import Forms, dockerfile


@pytest.fixture(scope="session")
def docker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Docker]:
    """A dockerd of the session's own."""
    peers.need("docker", "dockerd", "runc", root=True)
    with peers.docker_daemon(tmp_path_factory.mktemp("docker")) as daemon:
        yield daemon


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A registry's `host:port` on the loopback."""
    peers.need("docker-registry")
    with peers.registry(tmp_path_factory.mktemp("registry")) as address:
        yield address


@pytest.fixture(scope="session")
def buildah(tmp_path_factory: pytest.TempPathFactory) -> Tool:
    """buildah with storage of its own."""
    peers.need("buildah", root=True)
    return peers.private_storage("buildah", tmp_path_factory.mktemp("buildah"), "overlay")


@pytest.fixture(scope="session")
def podman(tmp_path_factory: pytest.TempPathFactory) -> Tool:
    """podman with storage of its own."""
    peers.need("podman", root=True)
    return peers.private_storage("podman", tmp_path_factory.mktemp("podman"), "overlay")


@pytest.fixture(scope="session")
def skopeo() -> Tool:
    """skopeo; it keeps nothing."""
    peers.need("skopeo")
    return peers.tool("skopeo")


@pytest.fixture(scope="session")
def umoci() -> Tool:
    """umoci; it keeps nothing."""
    peers.need("umoci", root=True)
    return peers.tool("umoci")


@pytest.fixture(scope="session")
def layerscope(tmp_path_factory: pytest.TempPathFactory) -> Layerscope:
    """The command line with a store of the session's own."""
    return Layerscope(tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="session")
def rootfs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A minimal Debian as a tar."""
    peers.need("mmdebstrap", root=True)
    out = tmp_path_factory.mktemp("rootfs") / "minbase.tar"
    distribution.minimal(out)
    return out


@pytest.fixture(scope="session")
def built(docker: Docker, rootfs: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """An image in ``docker``, built on ``rootfs`` by steps that change it in every way."""
    peers.need("busybox")
    docker("import", "--change", 'CMD ["sh"]', str(rootfs), "example/minbase:1")
    context = tmp_path_factory.mktemp("context")
    dockerfile(context, "example/minbase:1")
    docker("build", "--network", "none", "-t", "example/built:1", str(context))
    return "example/built:1"


@pytest.fixture(scope="session")
def exported(docker: Docker, built: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The merged file system of ``built`` as a tar: `docker export` of a container of it."""
    out = tmp_path_factory.mktemp("exported") / "merged.tar"
    container = docker("create", built, "sh").strip()
    docker("export", "-o", str(out), container)
    docker("rm", container)
    return out


@pytest.fixture(scope="session")
def forms(
    docker: Docker, skopeo: Tool, built: str, tmp_path_factory: pytest.TempPathFactory
) -> Forms:
    """``built`` in every form that an image can be stored in."""
    return Forms(tmp_path_factory.mktemp("forms"), docker, skopeo, built)
