"""Which layers touched a path, and how."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from layerscope.archive.entry import Entry
from layerscope.index.change import Change
from layerscope.index.stack import StackView


@dataclass(frozen=True, slots=True)
class Touch:
    """What one layer did to a path; ``entry`` is None where it removed it."""

    layer: int
    change: Change
    entry: Entry | None


def blame(stacks: Sequence[StackView], path: bytes) -> list[Touch]:
    """Every layer that touched ``path``, bottom up."""
    touches = []
    for number, stack in enumerate(stacks):
        row = stack.find(path)
        if row is None or stack.change[row] == Change.UNCHANGED:
            continue
        change = Change(stack.change[row])
        entry = None if change is Change.REMOVED else stack.entry(row)
        touches.append(Touch(number, change, entry))
    return touches
