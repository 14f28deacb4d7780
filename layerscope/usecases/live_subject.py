"""What is watched: a container, whoever's it is, and where its writable layer lies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from layerscope.accounting.live.judge import Judge
    from layerscope.usecases.live_lines import LiveContainer


@dataclass(frozen=True, slots=True)
class Subject:
    """A container: ``upper`` is the directory of its writable layer, "" where it can't be read.

    ``below`` names what that lies on: what can't be read for one can't for all that have the same.
    ``judge`` opens it, ``trees`` are the directories of its layers, bottom first, where they are
    unpacked; both raise LayerscopeError, OSError.
    """

    row: LiveContainer
    upper: str
    below: str
    judge: Callable[[], Judge] = field(compare=False)
    trees: Callable[[], Sequence[Path]] = field(compare=False)
