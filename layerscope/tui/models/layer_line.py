"""The list of layers: every step of the history, bottom up, with what is known of its layer."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from layerscope.index.stack import Tally
from layerscope.oci.history import Step
from layerscope.tui.models.command_text import command_text

NO_HISTORY = "(no history)"


class Stage(enum.Enum):
    """How far a layer is."""

    WAITING = "waiting"
    READING = "reading"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class LayerState:
    """What is known of a layer so far; sizes in bytes.

    ``done`` of ``total`` blob bytes were read. ``size``, ``tally`` (what it changed) and ``wasted``
    (what it holds and the image doesn't show) are None until they are known; ``error`` says why
    they never will be.
    """

    stage: Stage = Stage.WAITING
    done: int = 0
    total: int | None = None
    size: int | None = None
    tally: Tally | None = None
    wasted: int | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class LayerLine:
    """A step: ``layer`` is its number, None where the step changed metadata only.

    ``share`` is its size by that of the biggest layer, 0 to 1.
    """

    layer: int | None
    command: str
    created: str
    state: LayerState
    share: float


def layer_lines(steps: Sequence[Step], states: Mapping[int, LayerState]) -> tuple[LayerLine, ...]:
    """One line for each step, bottom up."""
    biggest = max((state.size or 0 for state in states.values()), default=0)
    lines = []
    for step in steps:
        nothing = LayerState(Stage.READY, size=0)
        state = nothing if step.layer is None else states.get(step.layer, LayerState())
        history = step.history
        command = command_text(history.created_by) or history.comment if history else NO_HISTORY
        share = (state.size or 0) / biggest if biggest else 0.0
        created = history.created if history else ""
        lines.append(LayerLine(step.layer, command or NO_HISTORY, created, state, share))
    return tuple(lines)
