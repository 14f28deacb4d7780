"""What all screens of one explorer share: the store, the platform, and how images are opened."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from layerscope.store.store import Store
from layerscope.tui.ingest import Reader

if TYPE_CHECKING:
    from layerscope.usecases.opened import OpenImage


class Session:
    """One run of the explorer. ``others``: what other engines have is shown beside the store's;
    ``captions`` guide through a demo, None where it is none."""

    def __init__(
        self,
        root: Path,
        platform: str | None = None,
        captions: Sequence[str] | None = None,
        *,
        others: bool = False,
    ) -> None:
        self.root = root
        self.platform = platform
        self.is_demo = captions is not None
        self.captions = captions or ()
        self.others = others
        self._early: dict[str, Future[OpenImage]] = {}
        self._readers: dict[str, Reader] = {}

    @cached_property
    def store(self) -> Store:
        """The store. Raises LayerscopeError."""
        return Store.open(self.root)

    def begin(self, target: str) -> None:
        """Open a TARGET from now on, and have its layers read, while the caller does other things.

        The next :meth:`open` and :meth:`reader` of it give what came of it, errors included.
        """
        self._early[target] = Future()
        thread = threading.Thread(target=self._begin, args=(target, self._early[target]))
        thread.daemon = True  # who leaves doesn't wait for a daemon that doesn't answer
        thread.start()

    def open(self, target: str) -> OpenImage:
        """An image's documents; its layers as far as they were read before.

        Reads files: call it from a worker. Raises LayerscopeError, OSError.
        """
        begun = self._early.pop(target, None)
        return begun.result() if begun is not None else self._open(target)

    def reader(self, target: str) -> Reader:
        """The process that reads a TARGET's layers. Raises OSError."""
        begun = self._readers.pop(target, None)
        return begun or self._reader(target)

    def _open(self, target: str) -> OpenImage:
        from layerscope.oci.platform import Platform
        from layerscope.usecases.opened import find_target

        platform = Platform.parse(self.platform) if self.platform else None
        return find_target(target, self.store, platform)

    def _reader(self, target: str) -> Reader:
        return Reader(target, self.root, self.platform, self.store.scratch_folder)

    def _begin(self, target: str, future: Future[OpenImage]) -> None:
        try:
            image = self._open(target)
            if any(image.stack(number) is None for number in range(image.layer_count)):
                self._readers[target] = self._reader(target)
        except BaseException as error:
            future.set_exception(error)
        else:
            future.set_result(image)
