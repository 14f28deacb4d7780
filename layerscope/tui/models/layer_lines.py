"""The list of layers as text: number, size, bar, waste and command in the room that there is."""

from __future__ import annotations

from collections.abc import Sequence

from layerscope.tui.models.image_lines import MARKED, bar
from layerscope.tui.models.layer_line import LayerLine, Stage
from layerscope.tui.safe_text import fit, fit_left, safe_text
from layerscope.units import size_text

Span = tuple[str, str]

_NUMBER, _SIZE, _BAR, _WASTED = 4, 8, 8, 9
_COMMAND_ROOM = 15  # cells; in a terminal of 100 columns this leaves room for what is wasted


class LayerLines:
    """The steps of an image, a line each; ``marked`` are numbers of layers."""

    def __init__(self, lines: Sequence[LayerLine], marked: Sequence[int] = ()) -> None:
        self.lines = lines
        self._marked = marked

    def __len__(self) -> int:
        return len(self.lines)

    def spans(self, index: int, width: int) -> Sequence[Span]:
        """A step."""
        line = self.lines[index]
        number = "" if line.layer is None else str(line.layer)
        mark = MARKED if line.layer in self._marked else " "
        role = "accent" if mark == MARKED else "strong"
        spans = [(f"{mark}{fit_left(number, _NUMBER - 1)} ", role), *_figures(line, width)]
        room = width - sum(len(text) for text, _ in spans)
        if line.state.stage is Stage.FAILED:
            return [*spans, (fit(safe_text(line.state.error), room), "error")]
        command = fit(safe_text(line.command), room)
        return [*spans, (command, "dim" if line.layer is None else "")]


def layer_headings(width: int) -> str:
    """The words above the columns."""
    has_bar, has_waste = _columns(width)
    text = fit_left("L", _NUMBER) + " " + fit_left("SIZE", _SIZE) + " "
    text += " " * (_BAR + 1) if has_bar else ""
    text += fit_left("WASTED", _WASTED) + " " if has_waste else ""
    return fit(text + "COMMAND", width)


def _columns(width: int) -> tuple[bool, bool]:
    """Whether there is room for bars, and for what is wasted."""
    left = width - _NUMBER - _SIZE - 2 - _COMMAND_ROOM
    return left >= _WASTED + _BAR + 2, left >= _WASTED + 1


def _figures(line: LayerLine, width: int) -> list[Span]:
    has_bar, has_waste = _columns(width)
    state = line.state
    size, role, share, bar_role = _progress(line)
    spans = [(f"{fit_left(size, _SIZE)} ", role)]
    if has_bar:
        spans.append((f"{bar(share, _BAR)} ", bar_role))
    if has_waste:
        wasted = f"-{size_text(state.wasted)}" if state.wasted else ""
        spans.append((f"{fit_left(wasted, _WASTED)} ", "warning"))
    return spans


def _progress(line: LayerLine) -> tuple[str, str, float, str]:
    """(size or how much was read, its role, length of the bar, its role)."""
    state = line.state
    if state.stage is Stage.READING:
        share = min(1.0, state.done / state.total) if state.total else 0.0
        text = f"{share:.0%}" if state.total else size_text(state.done)
        return text, "accent", share, "accent"
    if state.stage is Stage.FAILED:
        return "error", "error", 0.0, ""
    if state.size is None:
        return "…", "dim", 0.0, ""
    return size_text(state.size), "dim" if line.layer is None else "strong", line.share, "bar"
