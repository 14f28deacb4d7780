"""What all screens of one explorer share: the store, the platform, and how images are opened."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from layerscope.oci.platform import Platform
from layerscope.store.store import Store
from layerscope.usecases.opened import OpenImage, find_target


class Session:
    """One run of the explorer."""

    def __init__(self, root: Path, platform: str | None = None) -> None:
        self.root = root
        self.platform = platform

    @cached_property
    def store(self) -> Store:
        """The store. Raises LayerscopeError."""
        return Store.open(self.root)

    def open(self, target: str) -> OpenImage:
        """An image's documents; its layers as far as they were read before.

        Reads files: call it from a worker. Raises LayerscopeError.
        """
        platform = Platform.parse(self.platform) if self.platform else None
        return find_target(target, self.store, platform)
