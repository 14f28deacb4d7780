"""Images wherever they are: the store's and other engines' as rows of one list."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from layerscope.errors import LayerscopeError
from layerscope.sources.found import Engine, FoundImage
from layerscope.usecases.engines import find_daemon, find_storages
from layerscope.usecases.foreign import images_of
from layerscope.usecases.history import MISSING, HistoryRow, history, history_of_image
from layerscope.usecases.images import list_images

if TYPE_CHECKING:
    from layerscope.oci.runtime_config import RuntimeConfig
    from layerscope.sources.docker_daemon.told import ToldStep
    from layerscope.store.store import Store

STORE = "store"
_PATIENCE = 10.0  # seconds for one answer of a daemon


@dataclass(frozen=True, slots=True)
class ListedImage:
    """An image, and whose it is.

    ``source`` is ``store``, ``docker`` or ``podman``; ``id`` is with its algorithm; ``target``
    opens it whatever names change. Bytes are as the source counts them; they, and ``layers``, are
    None where it doesn't say. ``also`` are other sources that have the same image.
    """

    source: str
    id: str
    names: tuple[str, ...]
    created: str
    size: int
    target: str
    shared_size: int | None = None
    unique_size: int | None = None
    layers: int | None = None
    digest: str = ""
    also: tuple[str, ...] = ()

    @property
    def hex(self) -> str:
        """The ID as people write it."""
        return self.id.partition(":")[2]


def store_images(store: Store) -> list[ListedImage]:
    """The store's, newest first. Raises LayerscopeError."""
    return [
        ListedImage(
            STORE,
            str(row.image.id),
            row.image.names,
            row.image.created,
            row.size,
            str(row.image.id),  # a name may be that of a file here
            row.shared_size,
            row.unique_size,
            len(row.image.layers),
            str(row.image.manifest.digest),
        )
        for row in list_images(store)
    ]


def engine_images(engine: Engine) -> list[ListedImage]:
    """Those of another engine, newest first; none if there is none. Raises LayerscopeError."""
    errors: list[LayerscopeError] = []
    found = images_of(engine, errors.append, _PATIENCE)
    if errors:
        raise errors[0]
    return sorted(map(_listed, found), key=lambda row: row.created, reverse=True)


def _listed(found: FoundImage) -> ListedImage:
    return ListedImage(
        found.engine.value,
        found.id,
        found.names,
        found.created,
        found.size,
        found.exact_target,
        layers=found.layers,
    )


def merged(lists: Iterable[Sequence[ListedImage]]) -> list[ListedImage]:
    """One list, in the order given; each image knows where else it is.

    The same image has the same config's digest as its ID; with containerd's image store Docker has
    the manifest's instead.
    """
    rows = [row for one in lists for row in one]
    known = {row.digest: row.id for row in rows if row.digest}
    where: dict[str, dict[str, None]] = {}
    for row in rows:
        where.setdefault(known.get(row.id, row.id), {})[row.source] = None
    found = []
    for row in rows:
        there = where[known.get(row.id, row.id)]
        also = tuple(source for source in there if source != row.source)
        found.append(replace(row, also=also) if also else row)
    return found


def details(store: Store, row: ListedImage) -> tuple[list[HistoryRow], RuntimeConfig]:
    """An image's history, newest first, and its config; the sizes are as its source counts them.

    Raises LayerscopeError, OSError.
    """
    if row.source == STORE:
        image = store.resolve(row.id)
        return history(store, image), store.config(image).config
    if row.source == Engine.DOCKER.value:
        return _told(row)
    return _stored(row)


def _told(row: ListedImage) -> tuple[list[HistoryRow], RuntimeConfig]:
    """Of Docker's image, as the daemon tells them."""
    from layerscope.oci.runtime_config import RuntimeConfig
    from layerscope.sources.docker_daemon.told import told_steps

    errors: list[LayerscopeError] = []
    client = find_daemon(errors.append, _PATIENCE)
    if client is None:
        raise errors[0] if errors else LayerscopeError("docker", "it is gone")
    with client:
        inspected = client.document(f"/images/{row.id}/json")
        steps = told_steps(inspected, client.documents(f"/images/{row.id}/history"))
    config = inspected.child("Config")
    rows = [_told_row(step, MISSING if n else row.id) for n, step in enumerate(steps)]
    return rows, RuntimeConfig.from_document(config) if config else RuntimeConfig()


def _told_row(told: ToldStep, identity: str) -> HistoryRow:
    step = told.step
    return HistoryRow(
        id=identity,
        created=step.created,
        created_by=step.created_by,
        size=told.size,
        comment=step.comment,
        empty_layer=step.empty_layer,
        diff_id=None,
    )


def _stored(row: ListedImage) -> tuple[list[HistoryRow], RuntimeConfig]:
    """Of Podman's image, as they lie in its storage."""
    from layerscope.sources.containers_storage.image import open_record

    errors: list[LayerscopeError] = []
    for storage in find_storages(errors.append):
        for record in storage.images():
            if record.id == row.hex:
                image = open_record(storage, record, row.target)
                sizes = [layer.size or 0 for layer in image.layers]
                return history_of_image(image, sizes), image.config.config
    raise errors[0] if errors else LayerscopeError(row.target, "it is gone")
