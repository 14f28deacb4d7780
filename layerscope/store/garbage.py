"""What nothing refers to: found, and taken away."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from layerscope.oci.digest import Digest
from layerscope.store.disk import size_below, told
from layerscope.store.hands import PREFIX, Hand, bury_dead, dead_hands, live_hands
from layerscope.store.layout import mark_index_stale, refresh_index
from layerscope.store.removal import unneeded_images
from layerscope.store.schema import KEPT_DIGESTS

if TYPE_CHECKING:
    from layerscope.store.database import Database


@dataclass(frozen=True, slots=True)
class Rubbish:
    """Something to remove and how many bytes it takes."""

    path: Path
    size: int

    @property
    def pin(self) -> str | None:
        """What keeps it where it is given as spared; None for what a dead process had in hand."""
        kind, name = self.path.parent.name, self.path.name
        if kind == "layers":
            return f"sha256:{name}"
        if kind == "spool" or self.path.parent.parent.name == "blobs":
            return f"{kind}:{name}"
        return None if name.startswith(PREFIX) else str(self.path)


@dataclass(frozen=True, slots=True)
class Garbage:
    """What goes: images without a name that nothing needs, blobs, folders of layers, leftovers.

    ``leftovers`` are temporary files of processes that are gone and copies of opened archives.
    """

    images: tuple[Digest, ...]
    blobs: tuple[Rubbish, ...]
    layers: tuple[Rubbish, ...]
    leftovers: tuple[Rubbish, ...]

    @property
    def size(self) -> int:
        """Bytes of all of it."""
        return sum(item.size for item in (*self.blobs, *self.layers, *self.leftovers))


def find_garbage(root: Path, database: Database, spared: frozenset[str] = frozenset()) -> Garbage:
    """What :func:`collect` would take now. Raises StoreFailure."""
    with told(root):
        pinned = spared | _pinned(database, live_hands(root / "tmp"))
        doomed = unneeded_images(database, pinned)
        kept = _kept(database, {str(image) for image in doomed}, pinned)
        leftovers = [*_unpinned_tmp(root, kept), *dead_hands(root / "tmp")]
        return Garbage(
            images=tuple(doomed),
            blobs=_measured(_unkept_blobs(root, kept)),
            layers=_measured(_unkept_layers(root, kept)),
            leftovers=_measured(leftovers),
        )


def collect(root: Path, database: Database, spared: frozenset[str] = frozenset()) -> Garbage:
    """Take away what nothing refers to and nobody has in hand; what went. Raises StoreFailure.

    ``spared`` stays: images by ID, anything else by its :attr:`Rubbish.pin`. Other processes may
    load, build and run meanwhile.
    """
    tmp = root / "tmp"
    with told(root), Hand(database, tmp) as hand:
        dead = _measured(dead_hands(tmp))
        bury_dead(database, tmp)
        images = _forget_images(root, database, spared)
        blobs, layers, leftovers = map(_measured_at, _sweep(root, database, hand, spared))
        return Garbage(images, blobs, layers, (*leftovers, *dead))


def _forget_images(root: Path, database: Database, spared: frozenset[str]) -> tuple[Digest, ...]:
    with database.write() as tx:
        images = unneeded_images(database, spared | _pinned(database, live_hands(root / "tmp")))
        tx.executemany("DELETE FROM images WHERE id = ?", [(str(image),) for image in images])
        if images:
            mark_index_stale(database)
    refresh_index(root, database)
    return tuple(images)


def _sweep(
    root: Path, database: Database, hand: Hand, spared: frozenset[str]
) -> tuple[dict[Path, Path], ...]:
    """Move away blobs, layers and leftovers that nothing keeps: where each was, and where it is.

    In a transaction nobody can pin or refer to anything; what takes long comes after it.
    """
    with database.write() as tx:
        kept = _kept(database, set(), spared | _pinned(database, live_hands(root / "tmp")))
        blobs = _moved(_unkept_blobs(root, kept), hand)
        layers = _moved(_unkept_layers(root, kept), hand)
        leftovers = _moved(_unpinned_tmp(root, kept), hand)
        gone = [(f"{path.parent.name}:{path.name}",) for path in blobs]
        tx.executemany("DELETE FROM layer_blobs WHERE digest = ?", gone)
        tx.executemany("DELETE FROM blob_origins WHERE digest = ?", gone)
        unseen = [(f"sha256:{path.name}",) for path in layers]
        tx.executemany("DELETE FROM seen_files WHERE diff_id = ?", unseen)
        tx.execute(
            "DELETE FROM layers WHERE NOT EXISTS (SELECT 1 FROM image_layers i"
            " WHERE i.diff_id = layers.diff_id) AND NOT EXISTS (SELECT 1 FROM layer_blobs b"
            " WHERE b.diff_id = layers.diff_id)"
        )
    return blobs, layers, leftovers


def _pinned(database: Database, hands: set[str]) -> frozenset[str]:
    return frozenset(
        item for hand, item in database.rows("SELECT hand, item FROM pins") if hand in hands
    )


def _kept(database: Database, doomed: set[str], pinned: frozenset[str]) -> set[str]:
    """Everything that is referred to by what stays, or in hand: digests and other items."""
    kept = set(pinned)
    for image, manifest, blob in database.rows(
        "SELECT m.image, m.digest, b.digest FROM manifests m"
        " JOIN manifest_blobs b ON b.manifest = m.digest"
    ):
        if image not in doomed:
            kept.update((image, manifest, blob))
    for image, diff_id in database.rows("SELECT image, diff_id FROM image_layers"):
        if image not in doomed:
            kept.add(diff_id)
    return kept.union(digest for query in KEPT_DIGESTS for (digest,) in database.rows(query))


def _unkept_blobs(root: Path, kept: set[str]) -> Iterator[Path]:
    for folder in os.scandir(root / "blobs"):
        for entry in os.scandir(folder.path):
            if f"{folder.name}:{entry.name}" not in kept:
                yield Path(entry.path)


def _unkept_layers(root: Path, kept: set[str]) -> Iterator[Path]:
    for entry in os.scandir(root / "layers"):
        if f"sha256:{entry.name}" not in kept:
            yield Path(entry.path)


def _unpinned_tmp(root: Path, kept: set[str]) -> Iterator[Path]:
    """Copies of archives that nobody looks at, and single files that a dead process left."""
    tmp = root / "tmp"
    for entry in os.scandir(tmp / "spool"):
        if f"spool:{entry.name}" not in kept:
            yield Path(entry.path)
    for entry in os.scandir(tmp):
        is_hand = entry.name.startswith(PREFIX)
        if entry.name != "spool" and not is_hand and entry.path not in kept:
            yield Path(entry.path)
    for entry in os.scandir(root / "layers"):
        if f"sha256:{entry.name}" in kept and entry.is_dir():
            abandoned = filter(_is_abandoned, Path(entry.path).glob(".*"))
            yield from (path for path in abandoned if str(path) not in kept)


def _is_abandoned(cache: Path) -> bool:
    """Whether a half-written cache (``.NAME.PID.…``) is by a process that is gone."""
    pid = cache.name.split(".")[2:3]
    return bool(pid) and pid[0].isdigit() and not Path("/proc", pid[0]).exists()


def _measured(paths: Iterator[Path] | list[Path]) -> tuple[Rubbish, ...]:
    return tuple(Rubbish(path, size_below(path)) for path in sorted(paths))


def _moved(paths: Iterator[Path], hand: Hand) -> dict[Path, Path]:
    """Where each of ``paths`` is now."""
    moved = {path: hand.temporary() for path in sorted(paths)}
    for path, place in moved.items():
        os.rename(path, place)
    return moved


def _measured_at(moved: dict[Path, Path]) -> tuple[Rubbish, ...]:
    return tuple(Rubbish(path, size_below(place)) for path, place in moved.items())
