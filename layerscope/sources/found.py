"""Images that other engines have, as they list them."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Engine(enum.Enum):
    """Whose an image or container is."""

    DOCKER = "docker"
    PODMAN = "podman"
    BUILDAH = "buildah"


@dataclass(frozen=True, slots=True)
class FoundImage:
    """An image of another engine. ``size`` is in bytes as that engine counts, ``created`` RFC 3339
    ("" if unknown), ``target`` the TARGET to type; ``layers`` are counted, None if unknown."""

    engine: Engine
    id: str
    names: tuple[str, ...]
    created: str
    size: int
    target: str
    layers: int | None = None

    @property
    def exact_target(self) -> str:
        """The TARGET that means this image whatever names are given to others meanwhile."""
        if self.engine is Engine.DOCKER:
            return f"docker-daemon:{self.id}"
        return f"containers-storage:{self.id.removeprefix('sha256:')}"
