"""Docker and Podman of a user, as far as they are looked at: stand-ins, and nothing else."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sample_images.archives import Image, write_docker_archive
from tests.support.fake_docker import Answer, answers_for, fake_docker
from tests.support.fake_storage import write_storage


def no_engines(folder: Path, patch: pytest.MonkeyPatch) -> None:
    """There are none, whatever this machine has."""
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS_VERIFY"):
        patch.delenv(name, raising=False)
    (folder / "config.json").write_text("{}")
    patch.setenv("DOCKER_CONFIG", str(folder))
    usual = f"unix://{folder}/usual.sock"
    patch.setattr("layerscope.sources.docker_daemon.address.DEFAULT", usual)
    use_storage(folder / "nothing", folder, patch)


def use_storage(root: Path, folder: Path, patch: pytest.MonkeyPatch) -> None:
    """Podman's is at ``root``."""
    conf = folder / "storage.conf"
    conf.write_text(f'[storage]\ngraphroot = "{root}"\nrunroot = "{folder}/run"\n')
    patch.setenv("CONTAINERS_STORAGE_CONF", str(conf))


def podman_with(folder: Path, patch: pytest.MonkeyPatch, *images: Image) -> None:
    """A Podman that has images."""
    write_storage(folder / "podman", *images)
    use_storage(folder / "podman", folder, patch)


@contextmanager
def docker_with(
    folder: Path, patch: pytest.MonkeyPatch, *images: Image
) -> Iterator[dict[str, Answer]]:
    """A Docker elsewhere that has an image; what it answers may be changed."""
    answers: dict[str, Answer] = {}
    for one in images:
        out = io.BytesIO()
        write_docker_archive(out, [one])
        answers |= answers_for(one, out.getvalue())
    patch.setenv("DOCKER_HOST", f"unix://{folder}/docker.sock")
    with fake_docker(folder / "docker.sock", answers):
        yield answers
