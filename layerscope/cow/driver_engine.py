"""The engine as a storage driver: no mount, no privilege."""

from __future__ import annotations

from contextlib import AbstractContextManager

from layerscope.archive.writer import Output
from layerscope.cow.commit import commit_layer
from layerscope.cow.driver import Layers
from layerscope.cow.engine import Engine, open_engine
from layerscope.cow.place import Place


class EngineDriver:
    """Files through the API only."""

    name = "engine"

    def create(self, layers: Layers, place: Place) -> None:
        """Empty directories: it costs the same over any image."""
        place.make()

    def files(self, layers: Layers, place: Place) -> AbstractContextManager[Engine]:
        """The union."""
        return open_engine(layers.open(), place.upper, place.work, place.form)

    def commit(self, layers: Layers, place: Place, out: Output) -> None:
        """The writable layer as a tar."""
        with self.files(layers, place) as engine:
            commit_layer(engine, out)
