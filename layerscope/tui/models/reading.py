"""How far the reading of an image's layers is, from the events of the process that reads them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from layerscope.oci.digest import Digest
from layerscope.tui.models.layer_line import LayerState, Stage
from layerscope.units import size_text
from layerscope.usecases.opened import OpenImage


class Reading:
    """The states of the layers of an image; :mod:`layerscope.usecases.ingest` has the events."""

    def __init__(self, image: OpenImage) -> None:
        self.states: dict[int, LayerState] = {}
        self._image = image
        self._started = time.monotonic()
        for number in range(image.layer_count):
            self.states[number] = LayerState(total=image.image.layers[number].size)
            self.look(number)

    @property
    def is_done(self) -> bool:
        """True if nothing is left to read."""
        return all(state.stage in (Stage.READY, Stage.FAILED) for state in self.states.values())

    def look(self, number: int) -> None:
        """Take in what is there of a layer, its index and its stack."""
        layer, stack = self._image.layer(number), self._image.stack(number)
        if layer is not None:
            self._set(number, size=layer.facts.size)
        if stack is not None:
            self._set(number, stage=Stage.READY, tally=stack.tally, error="")

    def hear(self, event: Mapping[str, Any]) -> None:
        """Take in an event that is about one layer."""
        number = event.get("layer")
        if number not in self.states:
            return
        kind = event["event"]
        if kind == "progress":
            total = event["total"] or self.states[number].total
            self._set(number, stage=Stage.READING, done=event["done"], total=total)
        elif kind in ("layer", "stack"):
            self._image.learn(number, Digest.parse(event["diff_id"]))
            self.look(number)
        elif kind == "error":
            self._set(number, stage=Stage.FAILED, error=f"{event['what']}: {event['why']}")

    def waste(self, number: int, wasted: int) -> None:
        """Take in what of a layer the image doesn't show, in bytes."""
        self._set(number, wasted=wasted)

    def stop(self) -> None:
        """Nothing more will be read: what has an index is all there will be of its layer."""
        for number, state in self.states.items():
            if state.stage in (Stage.WAITING, Stage.READING):
                there = self._image.layer(number) is not None
                self._set(number, stage=Stage.READY if there else Stage.WAITING, done=0)

    def words(self) -> str:
        """Bytes, rate and time left of all layers together."""
        states = self.states.values()
        left = [s for s in states if s.stage in (Stage.WAITING, Stage.READING)]
        total = sum(state.total or 0 for state in states)
        rest = sum((state.total or 0) - state.done for state in left)
        read = sum(state.done for state in states)
        rate = read / max(time.monotonic() - self._started, 0.001)
        words = f"reading: {len(states) - len(left)} of {len(states)} layers done"
        words += f" · {size_text(max(0, total - rest))} of {size_text(total)}" if total else ""
        if read:
            words += f" · {size_text(int(rate))}/s"
            words += f" · {max(0, round(rest / rate))}s left" if rest > 0 else ""
        return words

    def _set(self, number: int, **values: Any) -> None:
        self.states[number] = replace(self.states[number], **values)
