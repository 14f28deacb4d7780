"""A writable layer's size, kept by the engine as it works: one addition an operation, no walk."""

from __future__ import annotations

from layerscope.accounting.sizes import layer_usage
from layerscope.cow.engine import Engine
from layerscope.cow.events import Tally


class Ledger:
    """The size (classic model) of an open container, right after every operation."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._tally = Tally()
        with engine.core:
            self._before = layer_usage(engine.upper.directory).size
            engine.count(self._tally)

    @property
    def size(self) -> int:
        """Bytes in the writable layer."""
        return self._before + self._tally.delta

    @property
    def copied_up(self) -> int:
        """Bytes that copy-ups have moved since the ledger was opened: what writes to lower files
        cost, whatever is left of them."""
        return self._tally.copied

    def close(self) -> None:
        """Stop counting; the figures stay."""
        self._engine.stop_counting(self._tally)
