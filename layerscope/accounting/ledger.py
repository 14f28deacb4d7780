"""A writable layer's size, kept by the engine's events: one addition an operation, no walk."""

from __future__ import annotations

from layerscope.accounting.sizes import layer_usage
from layerscope.cow.engine import Engine
from layerscope.cow.events import Did, Event


class Ledger:
    """The size (classic model) of an open container, right after every operation.

    ``copied_up`` counts the bytes that copy-ups have moved since it was opened: what writes to
    lower files cost, beyond what is left of them.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.copied_up = 0
        self.operations = 0
        self.size = 0
        with engine.core:
            self.size = layer_usage(engine.upper.directory).size
            engine.subscribe(self._hear)

    def close(self) -> None:
        """Stop listening."""
        self._engine.unsubscribe(self._hear)

    def _hear(self, event: Event) -> None:
        self.size += event.delta
        self.operations += 1
        if event.did is Did.COPIED_UP:
            self.copied_up += event.copied
