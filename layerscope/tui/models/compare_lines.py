"""Two images or stacks side by side, as text."""

from __future__ import annotations

import json
from collections.abc import Sequence

from layerscope.analysis.compare import ConfigDifference, FileDifference
from layerscope.tui.models.file_row import CHANGE_LETTERS, CHANGE_ROLES
from layerscope.tui.models.pattern import Pattern
from layerscope.tui.models.tree_view import Sort
from layerscope.tui.safe_text import fit, fit_end, fit_left, safe_name, safe_text
from layerscope.units import size_text
from layerscope.usecases.compare import Comparison

Span = tuple[str, str]

_SIZE, _KEY = 8, 14


class CompareLines:
    """Config keys that differ, then files; ``files`` are those that the pattern means."""

    def __init__(self, found: Comparison, sort: Sort, typed: str) -> None:
        self._config = found.config if not typed else ()
        files: Sequence[FileDifference] = found.files
        if typed:
            pattern = Pattern.parse(typed)
            files = [file for file in files if pattern.matches(file.path)]
        if sort is Sort.SIZE:
            files = sorted(files, key=lambda file: -abs(growth(file)))
        self.files = files

    def __len__(self) -> int:
        return len(self._config) + len(self.files)

    def file(self, index: int) -> FileDifference | None:
        """The file on a line, None for a line of the config."""
        at = index - len(self._config)
        return self.files[at] if at >= 0 else None

    def spans(self, index: int, width: int) -> Sequence[Span]:
        """A file or a config key."""
        file = self.file(index)
        if file is None:
            return _config_spans(self._config[index], width)
        role = CHANGE_ROLES[file.change]
        spans = [(f" {CHANGE_LETTERS[file.change]} ", role)]
        if width >= 60:
            spans += [(f"{_size(file.size_a)} ", "dim"), (f"{_size(file.size_b)} ", "dim")]
        spans.append((f"{fit_left(growth_text(growth(file)), _SIZE + 1)} ", "strong"))
        room = width - sum(len(text) for text, _ in spans) - 1
        return [*spans, (" " + fit_end("/" + safe_name(file.path), room), "")]


def compare_headings(width: int) -> str:
    """The words above the columns."""
    text = "   "
    if width >= 60:
        text += f"{fit_left('A', _SIZE)} {fit_left('B', _SIZE)} "
    return fit(f"{text}{fit_left('B - A', _SIZE + 1)}  PATH", width)


def growth(file: FileDifference) -> int:
    """How many bytes more the second has of a file."""
    return (file.size_b or 0) - (file.size_a or 0)


def growth_text(size: int) -> str:
    """Bytes with their sign."""
    return f"{'+' if size > 0 else '-' if size < 0 else ''}{size_text(abs(size))}"


def summary(found: Comparison) -> list[str]:
    """Layers shared and not, and what became of the files."""
    only_a, only_b = found.layers_only_a, found.layers_only_b
    total = sum(growth(file) for file in found.files)
    counts: dict[str, int] = {}
    for file in found.files:
        letter = CHANGE_LETTERS[file.change]
        counts[letter] = counts.get(letter, 0) + 1
    words = {"A": "only in B", "D": "only in A", "M": "other content", "m": "metadata only"}
    files = ", ".join(f"{counts[key]:,} {word}" for key, word in words.items() if key in counts)
    return [
        f"{_layers(len(found.shared_layers))} shared ({size_text(found.shared_bytes)}), "
        f"{len(only_a)} only in A ({size_text(sum(f.size for f in only_a))}), "
        f"{len(only_b)} only in B ({size_text(sum(f.size for f in only_b))})",
        f"{len(found.files):,} paths differ ({growth_text(total)}): {files}"
        if found.files
        else "all files are alike",
    ]


def _layers(count: int) -> str:
    return f"{count} layer{'s' if count != 1 else ''}"


def _size(size: int | None) -> str:
    return fit_left("-" if size is None else size_text(size), _SIZE)


def _config_spans(difference: ConfigDifference, width: int) -> list[Span]:
    values = f"{_value(difference.a)} → {_value(difference.b)}"
    room = max(1, width - _KEY - 4)
    return [(" C ", "modified"), (fit(safe_text(difference.key), _KEY), "accent"),
            (" " + fit(values, room), "")]  # fmt: skip


def _value(value: object) -> str:
    return "(none)" if value is None else safe_text(json.dumps(value, ensure_ascii=False))
