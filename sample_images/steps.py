"""An image from its build's steps: each makes a layer, or only a row of the history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sample_images.archives import Image, Layer
from sample_images.layer_tar import DAY, START, LayerTar


@dataclass(frozen=True)
class Step:
    """One instruction as the image's history spells it; ``layer`` is None if it makes none."""

    command: str
    layer: Layer | None = None


def plain(command: str, tar: LayerTar) -> Step:
    """A step whose layer is stored uncompressed."""
    return Step(command, Layer.plain(bytes(tar)))


def image(name: str, steps: Sequence[Step], runtime: dict[str, Any]) -> Image:
    """The image that ``steps`` make, the base's first, one a day."""
    history: list[dict[str, Any]] = []
    for day, step in enumerate(steps):
        row: dict[str, Any] = {"created": _time(day), "created_by": step.command}
        history.append(row if step.layer else row | {"empty_layer": True})
    layers = tuple(step.layer for step in steps if step.layer)
    return Image((name,), layers, tuple(history), _time(len(steps) - 1), runtime)


def _time(day: int) -> str:
    return datetime.fromtimestamp(START + day * DAY, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
