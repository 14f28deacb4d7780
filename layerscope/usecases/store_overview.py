"""Who shares what in a store, and what deleting any choice of things would give back.

A layer goes only when everything that uses it goes, so what a choice gives back is not the sum of
what each of its things would. Two figures are told: Docker's (bytes of files, a layer's once,
``docker system df``) and the disk's (blobs, indexes, unpacked trees: what ``prune`` then frees).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from layerscope.containers.record import State
from layerscope.errors import LayerscopeError

if TYPE_CHECKING:
    from layerscope.store.images import StoredImage
    from layerscope.store.store import Store


@dataclass(frozen=True, slots=True)
class ImageThing:
    """An image. ``layers`` are chain IDs, bottom up; ``parent`` the image it was made from here;
    ``users`` name what needs it besides containers."""

    id: str
    names: tuple[str, ...]
    size: int
    layers: tuple[str, ...]
    parent: str | None
    containers: tuple[str, ...]
    users: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LayerThing:
    """A layer of a chain: bytes of its files; ``images`` are IDs of all that have it."""

    chain_id: str
    diff_id: str
    size: int
    images: frozenset[str]


@dataclass(frozen=True, slots=True)
class ContainerThing:
    """A container. ``size`` is its writable layer's; ``disk`` everything of it on the disk."""

    id: str
    name: str
    image: str
    running: bool
    size: int
    disk: int


@dataclass(frozen=True, slots=True)
class VolumeThing:
    """A volume, and the names of the containers that have it."""

    name: str
    size: int
    containers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """Something on the disk that images have: a blob, or what is kept beside a layer."""

    size: int
    images: frozenset[str]


@dataclass(frozen=True, slots=True)
class Choice:
    """Things to delete: image IDs, container names, volume names."""

    images: frozenset[str] = frozenset()
    containers: frozenset[str] = frozenset()
    volumes: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.images or self.containers or self.volumes)


@dataclass(frozen=True, slots=True)
class GivenBack:
    """Bytes: by Docker's figures, and of the disk. ``kept`` says of each chosen thing that can't
    go what needs it."""

    size: int
    disk: int
    kept: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything that costs space. ``rubbish`` is bytes of the disk that nothing refers to."""

    images: tuple[ImageThing, ...]
    layers: tuple[LayerThing, ...]
    containers: tuple[ContainerThing, ...]
    volumes: tuple[VolumeThing, ...]
    things: tuple[Kept, ...]
    rubbish: int

    @property
    def listed(self) -> tuple[ImageThing, ...]:
        """The images without nameless ones that others were made from, as with ``images``."""
        parents = {image.parent for image in self.images}
        return tuple(one for one in self.images if one.names or one.id not in parents)

    def gives_back(self, choice: Choice) -> GivenBack:
        """What deleting the choice, and pruning, gives back; rubbish that is there not counted."""
        kept: dict[str, tuple[str, ...]] = {}
        gone = self._gone_images(choice, kept)
        already = self._gone_images(Choice(), {})
        size = sum(_freed(((one.size, one.images) for one in self.layers), gone, already))
        disk = sum(_freed(((one.size, one.images) for one in self.things), gone, already))
        for container in self.containers:
            if container.name in choice.containers:
                size += container.size
                disk += container.disk
        for volume in self.volumes:
            if volume.name in choice.volumes:
                users = set(volume.containers) - choice.containers
                if users:
                    kept[volume.name] = tuple(sorted(users))
                    continue
                size += volume.size
                disk += volume.size
        return GivenBack(size, disk, kept)

    def _gone_images(self, choice: Choice, kept: dict[str, tuple[str, ...]]) -> frozenset[str]:
        """Images that go: the chosen ones that nothing needs, and nameless ones that only they
        needed."""
        gone: set[str] = set()
        children = self._children()
        for image in self.images:
            needed = tuple(sorted(set(image.containers) - choice.containers)) + image.users
            if image.id in choice.images and needed:
                kept[image.id] = needed
            elif image.id in choice.images:
                gone.add(image.id)
        changed = True
        while changed:
            changed = False
            for image in self.images:
                if image.id in gone or image.names or image.users:
                    continue
                used = set(image.containers) - choice.containers
                if not used and children[image.id].keys() <= gone:
                    gone.add(image.id)
                    changed = True
        for image in self.images:
            left = children[image.id].keys() - gone
            if image.id in gone and left:
                kept[image.id] = tuple(sorted(children[image.id][child] for child in left))
                gone.discard(image.id)
        return frozenset(gone)

    def _children(self) -> dict[str, dict[str, str]]:
        """The images that were made from each one: IDs, and what to call them."""
        found: dict[str, dict[str, str]] = {image.id: {} for image in self.images}
        for image in self.images:
            if image.parent in found:
                name = image.names[0] if image.names else image.id[7:19]
                found[image.parent][image.id] = f"image {name}"
        return found


def _freed(
    things: Iterable[tuple[int, frozenset[str]]], gone: frozenset[str], already: frozenset[str]
) -> Iterable[int]:
    for size, images in things:
        if images and images <= gone and not images <= already:
            yield size


def overview(store: Store) -> Overview:
    """Look at everything. Raises LayerscopeError, OSError."""
    from layerscope.containers.shelf import all_containers, folder_of
    from layerscope.store.disk import size_below
    from layerscope.usecases.containers import size_of
    from layerscope.usecases.volumes import list_volumes

    containers = [
        ContainerThing(
            one.id,
            one.name,
            str(one.image),
            one.state is State.RUNNING,
            size_of(store, one),
            size_below(folder_of(store, one)),
        )
        for one in all_containers(store)
    ]
    images = tuple(_image(store, stored, containers) for stored in store.images())
    return Overview(
        images=images,
        layers=_layers(store),
        containers=tuple(containers),
        volumes=tuple(VolumeThing(v.name, v.size, v.containers) for v in list_volumes(store)),
        things=tuple(_things(store)),
        rubbish=store.find_garbage().size,
    )


def _image(store: Store, stored: StoredImage, containers: list[ContainerThing]) -> ImageThing:
    users = tuple(user for user in store.users(stored.id) if not user.startswith("container "))
    return ImageThing(
        id=str(stored.id),
        names=stored.names,
        size=stored.size,
        layers=tuple(str(layer.chain_id) for layer in stored.layers),
        parent=str(stored.parent) if stored.parent else None,
        containers=tuple(one.name for one in containers if one.image == str(stored.id)),
        users=users,
    )


def _layers(store: Store) -> tuple[LayerThing, ...]:
    found: dict[str, tuple[str, int, set[str]]] = {}
    for image in store.images():
        for layer in image.layers:
            _, _, users = found.setdefault(
                str(layer.chain_id), (str(layer.diff_id), layer.size, set())
            )
            users.add(str(image.id))
    return tuple(
        LayerThing(chain, diff_id, size, frozenset(users))
        for chain, (diff_id, size, users) in found.items()
    )


def _things(store: Store) -> Iterable[Kept]:
    """Blobs and folders of layers with the images that have them; what the store keeps for other
    reasons has no images here and is never given back."""
    from layerscope.store.disk import size_below
    from layerscope.store.schema import KEPT_DIGESTS

    users: dict[str, set[str]] = {}
    for image, manifest, blob in store.database.rows(
        "SELECT m.image, m.digest, b.digest FROM manifests m"
        " JOIN manifest_blobs b ON b.manifest = m.digest"
    ):
        for digest in (image, manifest, blob):
            users.setdefault(digest, set()).add(image)
    folders: dict[str, set[str]] = {}
    for image, diff_id in store.database.rows("SELECT image, diff_id FROM image_layers"):
        folders.setdefault(diff_id, set()).add(image)
    held = {digest for query in KEPT_DIGESTS for (digest,) in store.database.rows(query)}
    for digest, images in users.items():
        # A blob of a plain layer has the layer's diffID for its digest, and is kept with it.
        every = images | folders.get(digest, set())
        path = store.root / "blobs" / digest.replace(":", "/")
        if digest not in held and path.exists():
            yield Kept(path.stat().st_size, frozenset(every))
    for diff_id, images in folders.items():
        every = images | users.get(diff_id, set())
        folder = store.root / "layers" / diff_id.partition(":")[2]
        if diff_id not in held and folder.exists():
            yield Kept(size_below(folder), frozenset(every))


def delete(store: Store, choice: Choice) -> tuple[int, list[LayerscopeError]]:
    """Delete what of the choice nothing else needs, and prune: bytes of blobs and caches that the
    pruning freed, and why things stayed. Raises StoreFailure, OSError."""
    from layerscope.usecases.containers import remove
    from layerscope.usecases.volumes import delete_volume

    kept = overview(store).gives_back(choice).kept
    failures = [
        LayerscopeError(name[:19], f"it is used by {', '.join(users)}")
        for name, users in kept.items()
    ]

    def attempt(act: Callable[[], object]) -> None:
        try:
            act()
        except LayerscopeError as error:
            failures.append(error)

    for name in sorted(choice.containers):
        attempt(partial(remove, store, name, force=True))
    for name in sorted(choice.volumes - kept.keys()):
        attempt(partial(delete_volume, store, name))
    for image in _children_first(store, choice.images - kept.keys()):
        attempt(partial(store.remove_image, image, True))
    return store.collect().size, failures


def _children_first(store: Store, images: frozenset[str]) -> list[str]:
    """What was made from another image goes before it."""
    parents = {str(one.id): str(one.parent) if one.parent else None for one in store.images()}

    def depth(image: str) -> int:
        count, parent = 0, parents.get(image)
        while parent is not None and count < len(parents):
            count, parent = count + 1, parents.get(parent)
        return count

    return sorted((one for one in images if one in parents), key=lambda one: (-depth(one), one))
