"""The steps of a build as text, and its Dockerfile beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from layerscope.tui.models.image_lines import bar
from layerscope.tui.models.text_lines import expanded, window
from layerscope.tui.safe_text import fit, fit_left, safe_text
from layerscope.units import size_text
from layerscope.usecases.how_built import BuiltStep

Span = tuple[str, str]

_LINE, _LAYER, _SIZE, _BAR, _TIME, _HOW = 4, 3, 8, 8, 6, 6
_ROOM = 40  # cells that instructions have before there are bars
_WRITE_FILES = ("RUN", "COPY", "ADD")
_FOLLOWS = "as the step before"


class BuildLines:
    """The steps, a line each; ``sizes`` are bytes by layer, as far as they are known.

    ``is_told``: they are of a history, which knows neither times nor a cache.
    """

    def __init__(
        self, steps: Sequence[BuiltStep], sizes: Mapping[int, int], *, is_told: bool
    ) -> None:
        self.steps = steps
        self._sizes, self._is_told = sizes, is_told
        self._reasons = max((len(_reason(step)) for step in steps), default=0)
        self._biggest = max((self.size(step) or 0 for step in steps), default=0)

    def __len__(self) -> int:
        return len(self.steps)

    def size(self, step: BuiltStep) -> int | None:
        """Bytes of what a step made; None without a layer, or while they aren't known."""
        if not step.layers:
            return step.size
        sizes = [self._sizes.get(number) for number in step.layers]
        return None if None in sizes else sum(size for size in sizes if size)

    def size_words(self, step: BuiltStep) -> str:
        """The same in words."""
        size = self.size(step)
        if size is not None:
            return size_text(size)
        if step.layers:
            return "…"
        name = _name(step)
        if name == "FROM" or name.startswith("#"):
            return ""
        return "no files" if name in _WRITE_FILES else "metadata"

    def spans(self, index: int, width: int) -> Sequence[Span]:
        """Where it stands, what it made, how long that took, and why it was built anew."""
        step = self.steps[index]
        size = self.size(step)
        role = "strong" if size and step.layers else "dim"
        spans = [
            (f"{fit_left(str(step.lines[0]), _LINE)} ", "dim"),
            (f"{fit_left(str(step.layers[-1]) if step.layers else '', _LAYER)} ", "strong"),
            (f"{fit_left(self.size_words(step), _SIZE)} ", role),
        ]
        if self._has_bar(width):
            share = (size or 0) / self._biggest if self._biggest else 0.0
            spans.append((f"{bar(share, _BAR)} ", "bar"))
        if not self._is_told:
            spans += _told_spans(step)
        room = width - sum(len(text) for text, _ in spans)
        return [*spans, *_words(step, room, self._reasons)]

    def headings(self, width: int) -> str:
        """The words above the columns."""
        text = f"{fit_left('LINE', _LINE)} {fit_left('L', _LAYER)} {fit_left('SIZE', _SIZE)} "
        text += " " * (_BAR + 1) if self._has_bar(width) else ""
        if not self._is_told:
            text += f"{fit_left('TIME', _TIME)} {fit('HOW', _HOW)} "
        return fit(text + "INSTRUCTION", width)

    def _has_bar(self, width: int) -> bool:
        others = _LINE + _LAYER + _SIZE + 3 + (0 if self._is_told else _TIME + _HOW + 2)
        return width - others - _BAR - 1 >= _ROOM


def _told_spans(step: BuiltStep) -> list[Span]:
    """Time and cache; a FROM has neither."""
    if _name(step) == "FROM" or step.seconds is None:
        return [(" " * (_TIME + _HOW + 2), "")]
    time = "" if step.cached else seconds_text(step.seconds)
    how, role = ("cached", "added") if step.cached else ("built", "modified")
    return [(f"{fit_left(time, _TIME)} ", ""), (f"{fit(how, _HOW)} ", role)]


def _words(step: BuiltStep, room: int, reasons: int) -> list[Span]:
    """The instruction; where there are ``reasons``, so many cells at most, beside its own."""
    said = " ".join(safe_text(step.instruction.replace("\t", " ")).split())
    share = min(reasons, room // 2)
    why = _reason(step)
    if not why:
        return [(fit(said, room), "" if step.layers else "dim")]
    words = (f"{fit(said, room - share - 1)} ", "" if step.layers else "dim")
    return [words, (fit(why, share), "warning" if step.is_cause else "dim")]


def _reason(step: BuiltStep) -> str:
    if step.reason is None:
        return ""
    return f"← {safe_text(step.reason) if step.is_cause else _FOLLOWS}"


def seconds_text(seconds: float) -> str:
    """``0.12s``, ``12.3s``, ``345s``."""
    return f"{seconds:.{2 if seconds < 10 else 1 if seconds < 100 else 0}f}s"


def about_step(step: BuiltStep, lines: BuildLines) -> list[str]:
    """A few lines on one step; the instruction comes last, whole."""
    words = [_made(step, lines)]
    if step.cached and _name(step) != "FROM":
        words.append("Taken from the cache")
    elif step.reason is not None and step.seconds is not None:
        words.append(f"Built in {seconds_text(step.seconds)}: {safe_text(step.reason)}")
    return [*words, safe_text(step.instruction.replace("\t", " "))]


def _made(step: BuiltStep, lines: BuildLines) -> str:
    size = lines.size_words(step)
    if step.elsewhere is not None:
        what = f"{size} in a layer" if step.size is not None else size
        return f"Stage {safe_text(step.stage)}: the image has no layer of it · {what}".rstrip(" ·")
    if len(step.layers) > 1:
        return f"Layers {step.layers[0]}–{step.layers[-1]} · {size}"
    if step.layers:
        return f"Layer {step.layers[0]} · {size}"
    return {"metadata": "Metadata only, no layer", "no files": "It changed no files: no layer"}.get(
        size, "No layer"
    )


def _name(step: BuiltStep) -> str:
    return step.instruction.partition(" ")[0].upper()


class DockerfileLines:
    """A Dockerfile with numbers; ``marked`` are the lines of the step under the cursor, from 1.

    ``left`` is the column that lines are shown from.
    """

    def __init__(
        self, lines: Sequence[str], starts: Sequence[int], marked: range, left: int = 0
    ) -> None:
        self._lines, self._starts = lines, frozenset(starts)
        self._marked, self._left = marked, left

    def __len__(self) -> int:
        return len(self._lines)

    def spans(self, index: int, width: int) -> Sequence[Span]:
        """A line."""
        digits = max(3, len(str(len(self))))
        mark = "▌" if index + 1 in self._marked else " "
        number = [(f"{mark}", "accent"), (f"{fit_left(str(index + 1), digits)} ", "dim")]
        return [*number, *window(expanded(self._words(index)), self._left, width - digits - 2)]

    def _words(self, index: int) -> list[Span]:
        line = self._lines[index]
        if line.lstrip()[:1] == "#":
            return [(line, "dim")]
        if index + 1 not in self._starts:
            return [(line, "")]
        name, blank, rest = line.lstrip().partition(" ")
        indent = line[: len(line) - len(line.lstrip())]
        return [(indent + name, "folder"), (blank + rest, "")]
