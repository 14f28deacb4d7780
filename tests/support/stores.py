"""Stores with images in them."""

from __future__ import annotations

from pathlib import Path

from layerscope.sources.load import Loaded, load_image
from layerscope.sources.target import open_target
from layerscope.store.fsck import fsck
from layerscope.store.store import Store
from sample_images.archives import Image
from tests.support.images import docker_members, image, write_tar


def load(store: Store, target: Path | str, *names: str) -> Loaded:
    """Load a TARGET, under its own names if none are given."""
    return load_image(open_target(str(target), store), store, names or None)


def load_new(store: Store, made: Image | None = None, *names: str) -> Loaded:
    """Load an image by way of a docker-archive beside the store."""
    made = made or image("example:1")
    archive = store.root.with_name(f"{made.config.sha256[:12]}.tar")
    write_tar(archive, docker_members(made))
    return load(store, archive, *names)


def faults(store: Store) -> list[str]:
    """What fsck says."""
    return [f"{fault.what}: {fault.why}" for fault in fsck(store)]


def files(root: Path) -> set[str]:
    """Every file below ``root``, but for the database's."""
    return {
        str(path.relative_to(root))
        for path in root.rglob("*")
        if path.is_file() and not path.name.startswith("layerscope.db")
    }
