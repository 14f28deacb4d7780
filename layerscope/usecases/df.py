"""What the store holds and what could be freed, by Docker's rules (`docker system df`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from layerscope.analysis.sharing import total
from layerscope.oci.digest import Digest
from layerscope.usecases.images import ImageRow, chains, list_images

if TYPE_CHECKING:
    from layerscope.store.store import Store


@dataclass(frozen=True, slots=True)
class Usage:
    """One kind of thing: how many, how many in use, bytes, and the bytes that could go."""

    total: int
    active: int
    size: int
    reclaimable: int


@dataclass(frozen=True, slots=True)
class ContainerUse:
    """A container as far as space goes; ``size`` is its writable layer in bytes."""

    id: str
    name: str
    image: str
    command: str
    created: str
    status: str
    running: bool
    size: int
    volumes: int


@dataclass(frozen=True, slots=True)
class VolumeUse:
    """A volume, its bytes, and how many containers have it."""

    name: str
    size: int
    links: int


@dataclass(frozen=True, slots=True)
class DiskUsage:
    """Everything in the store that costs space."""

    images: Usage
    containers: Usage
    volumes: Usage
    build_cache: Usage
    image_rows: tuple[ImageRow, ...]
    container_rows: tuple[ContainerUse, ...]
    volume_rows: tuple[VolumeUse, ...]


def disk_usage(
    store: Store, containers: Sequence[ContainerUse] = (), volumes: Sequence[VolumeUse] = ()
) -> DiskUsage:
    """Sums and rows. An image's layers count once however many images have them."""
    rows = list_images(store)
    return DiskUsage(
        images=_images(store, rows),
        containers=_containers(containers),
        volumes=_volumes(volumes),
        build_cache=_build_cache(store),
        image_rows=tuple(rows),
        container_rows=tuple(containers),
        volume_rows=tuple(volumes),
    )


def _images(store: Store, rows: Sequence[ImageRow]) -> Usage:
    size = total(chains(store.images()).values())
    used = [row for row in rows if row.containers]
    needed = sum(row.unique_size for row in used)
    return Usage(len(rows), len(used), size, size - needed)


def _build_cache(store: Store) -> Usage:
    """Steps that `build` need not do again; active are those that images and containers stand on.

    The bytes are of layers that nothing but the cache keeps from being pruned. They are in images
    without a name, so they count among the images, too.
    """
    from layerscope.store.removal import unneeded_images

    cached = [image for (image,) in store.database.rows("SELECT image FROM build_cache")]
    spare = set(unneeded_images(store.database, frozenset()))
    images = store.images()
    kept = {layer.chain_id for one in images if one.id not in spare for layer in one.layers}
    known = set(cached)
    sizes = {
        layer.chain_id: layer.size
        for one in images
        if one.id in spare and str(one.id) in known
        for layer in one.layers
        if layer.chain_id not in kept
    }
    active = sum(1 for image in cached if Digest.parse(image) not in spare)
    return Usage(len(cached), active, sum(sizes.values()), sum(sizes.values()))


def _containers(rows: Sequence[ContainerUse]) -> Usage:
    running = [row for row in rows if row.running]
    size = sum(row.size for row in rows)
    return Usage(len(rows), len(running), size, size - sum(row.size for row in running))


def _volumes(rows: Sequence[VolumeUse]) -> Usage:
    used = [row for row in rows if row.links]
    size = sum(row.size for row in rows)
    return Usage(len(rows), len(used), size, size - sum(row.size for row in used))
