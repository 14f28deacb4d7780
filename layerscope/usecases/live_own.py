"""The store's containers, to be watched."""

from __future__ import annotations

import functools
import os
import shlex
import time
from typing import TYPE_CHECKING

from layerscope.accounting.live.judge import Judge
from layerscope.accounting.live.sight import Sight
from layerscope.containers.image_lower import open_lower
from layerscope.containers.shelf import all_containers, folder_of
from layerscope.containers.trees import tree_places
from layerscope.cow.form import detect_form
from layerscope.usecases.live_lines import LiveContainer
from layerscope.usecases.live_subject import Subject

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from layerscope.archive.overlay import Form
    from layerscope.containers.record import Container
    from layerscope.cow.lower import Lower
    from layerscope.oci.digest import Digest
    from layerscope.store.store import Store

_REFRESH = 2.0  # processes end without a word in the database


class OwnContainers:
    """What the store's database tells, as often as :meth:`look` is called."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._version = -1
        self._next_refresh = 0.0
        self._subjects: tuple[Subject, ...] = ()
        self._lowers: dict[Digest, Lower] = {}
        self._form: Form | None = None

    def look(self) -> tuple[Subject, ...]:
        """Those there are; the same object as before if nothing has changed."""
        now = time.monotonic()
        row = self._store.database.row("PRAGMA data_version")
        version = int(row[0]) if row else 0
        if version == self._version and now < self._next_refresh:
            return self._subjects
        self._version, self._next_refresh = version, now + _REFRESH
        sizes = {image.id: image.size for image in self._store.images()}
        found = tuple(
            self._subject(container, sizes.get(container.image, 0))
            for container in all_containers(self._store)
        )
        if found != self._subjects:
            self._subjects = found
        return self._subjects

    def _subject(self, container: Container, image_size: int) -> Subject:
        folder = folder_of(self._store, container)
        judge = functools.partial(self._judge, container.image, folder)
        upper = os.path.join(folder, "upper")
        trees = functools.partial(self._trees, container.image)
        return Subject(_row(container, image_size), upper, str(container.image), judge, trees)

    def _trees(self, image: Digest) -> Sequence[Path]:
        return tree_places(self._store, self._store.resolve(str(image)))

    def _judge(self, image: Digest, folder: Path) -> Judge:
        lower = self._lowers.get(image)
        if lower is None:
            lower = self._lowers[image] = open_lower(self._store, image)
        # One for all: they lie on one file system and belong to one user.
        if self._form is None:
            self._form = detect_form(folder)
        return Judge(lower, Sight(self._form))


def _row(container: Container, image_size: int) -> LiveContainer:
    return LiveContainer(
        id=container.id,
        name=container.name,
        image=container.image_name,
        state=container.state.value,
        exit_code=container.exit_code,
        created=container.created,
        started_at=container.started_at,
        command=shlex.join(container.settings.command),
        image_size=image_size,
        volumes=container.volumes,
        mounts=tuple(mount.target for mount in container.mounts),
    )
