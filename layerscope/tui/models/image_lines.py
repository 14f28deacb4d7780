"""Lines of the Images screen: images wherever they are, and one image's history and config."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len

from layerscope.oci.runtime_config import RuntimeConfig
from layerscope.tui.models.command_text import command_text
from layerscope.tui.safe_text import fit, fit_left, safe_text
from layerscope.units import ago_text, size_text
from layerscope.usecases.all_images import STORE, ListedImage
from layerscope.usecases.history import HistoryRow

Span = tuple[str, str]

_ID, _AGE, _SIZE, _LAYERS, _SOURCE = 12, 14, 8, 6, 8
_BAR = 10
_BLOCKS = " ▏▎▍▌▋▊▉█"
NONE = "<none>"
MARKED = "◆"


class ImageLines:
    """Images, a line each; ``marked`` are their TARGETs. Whose they are is shown where they aren't
    all the store's."""

    def __init__(self, rows: Sequence[ListedImage], marked: Sequence[str] = ()) -> None:
        self.rows = rows
        self.are_several = any(row.source != STORE for row in rows)
        self._marked = marked

    def __len__(self) -> int:
        return len(self.rows)

    def spans(self, index: int, width: int) -> Sequence[Span]:
        """Name, source, size, unique and shared size, layers, age, ID; what doesn't fit is left
        out."""
        row = self.rows[index]
        cells = [
            (f" {fit_left(size_text(row.size), _SIZE)}", "strong"),
            (f" {fit_left(_size(row.unique_size), _SIZE)}", ""),
            (f" {fit_left(_size(row.shared_size), _SIZE)}", "dim"),
            (f" {fit_left('' if row.layers is None else str(row.layers), _LAYERS)}", ""),
            (f"  {fit(ago_text(row.created), _AGE)}", "dim"),
            (f" {row.hex[:_ID]} ", "dim"),
        ]
        if self.are_several:
            cells.insert(0, (f" {fit(source_text(row), _SOURCE)}", "accent"))
        name, *rest = _beside(shown_name(row), cells, width)
        if row.target in self._marked:
            name = (MARKED + name[0][1:], "accent")
        return [name, *rest]

    def headings(self, width: int) -> str:
        """The words above the columns."""
        cells = [
            (f" {fit_left('SIZE', _SIZE)}", ""),
            (f" {fit_left('UNIQUE', _SIZE)}", ""),
            (f" {fit_left('SHARED', _SIZE)}", ""),
            (f" {fit_left('LAYERS', _LAYERS)}", ""),
            (f"  {fit('CREATED', _AGE)}", ""),
            (f" {fit('ID', _ID)} ", ""),
        ]
        if self.are_several:
            cells.insert(0, (f" {fit('SOURCE', _SOURCE)}", ""))
        return "".join(text for text, _ in _beside("IMAGE", cells, width))


def shown_name(row: ListedImage) -> str:
    """All names of an image."""
    return safe_text(", ".join(row.names) or NONE)


def source_text(row: ListedImage) -> str:
    """Whose it is; ``=`` where others have the same image."""
    return f"{row.source} =" if row.also else row.source


def _size(size: int | None) -> str:
    return "" if size is None else size_text(size)


def _beside(name: str, cells: list[Span], width: int) -> list[Span]:
    """The name in the room that the cells leave; the last cells go if that is too little."""
    while cells and width - sum(len(text) for text, _ in cells) < min(24, width):
        cells = cells[:-1]
    room = width - sum(len(text) for text, _ in cells)
    return [(fit(f" {name}", room), ""), *cells]


class DetailLines:
    """An image's history with a bar a step, newest first, and its config below; above them, for
    one that isn't only the store's, where it is and what to type."""

    def __init__(
        self, image: ListedImage, history: Sequence[HistoryRow], config: RuntimeConfig
    ) -> None:
        self._name = shown_name(image)
        self._place = _place_lines(image)
        self._history = history
        self._biggest = max((row.size for row in history), default=0)
        self._config = config_lines(config)

    def __len__(self) -> int:
        return len(self._place) + len(self._history) + len(self._config) + 3

    def spans(self, index: int, width: int) -> Sequence[Span]:
        """A heading, a line of where it is, a step or a line of the config."""
        if index == 0:
            words = " · history, newest first"
            name = fit(f" {self._name}", min(cell_len(self._name) + 1, width - len(words)))
            return [(name, "strong"), (words, "dim")]
        index -= 1
        if index < len(self._place):
            return [(fit(f" {self._place[index]}", width), "accent")]
        index -= len(self._place)
        if index < len(self._history):
            return self._step(self._history[index], width)
        rest = index - len(self._history)
        if rest == 0:
            return [("", "")]
        if rest == 1:
            return [(" Config", "strong")]
        key, value = self._config[rest - 2]
        return [(f" {fit(key, 12)} ", "accent"), (fit(safe_text(value), max(0, width - 14)), "")]

    def _step(self, row: HistoryRow, width: int) -> list[Span]:
        command = fit(safe_text(command_text(row.created_by) or "(no history)"), max(0, width - 22))
        if row.empty_layer:
            return [(f" {fit_left('0B', _SIZE)}  {fit('metadata', _BAR)} {command}", "dim")]
        share = row.size / self._biggest if self._biggest else 0.0
        size = f" {fit_left(size_text(row.size), _SIZE)}  "
        return [(size, "strong"), (bar(share, _BAR), "bar"), (f" {command}", "")]


class NoDetailLines:
    """That an image can't be told of, and why."""

    def __init__(self, image: ListedImage, why: str) -> None:
        self._lines = [(shown_name(image), "strong"), (safe_text(why), "warning")]

    def __len__(self) -> int:
        return len(self._lines)

    def spans(self, index: int, width: int) -> Sequence[Span]:
        """The name, or the reason."""
        text, role = self._lines[index]
        return [(fit(f" {text}", width), role)]


def _place_lines(image: ListedImage) -> list[str]:
    short = image.target.replace(image.id, image.hex).replace(image.hex, image.hex[:_ID])
    lines = [] if image.source == STORE else [f"in {image.source}: {short}"]
    return [*lines, f"the same image is in {' and '.join(image.also)}"] if image.also else lines


def config_lines(config: RuntimeConfig) -> list[tuple[str, str]]:
    """What a container of the image gets, as (key, value), what is empty left out."""
    lines = [
        ("entrypoint", " ".join(config.entrypoint)),
        ("cmd", " ".join(config.cmd)),
        ("user", config.user),
        ("workdir", config.working_dir),
        *(("env", one) for one in config.env),
        *(("label", f"{key}={value}") for key, value in sorted(config.labels.items())),
        *(("volume", one) for one in config.volumes),
        *(("port", one) for one in config.exposed_ports),
        ("stop signal", config.stop_signal),
    ]
    return [(key, value) for key, value in lines if value] or [("", "(empty)")]


def bar(share: float, width: int) -> str:
    """A bar of ``width`` cells that is full for 1.0; something is seen of anything above 0."""
    eighths = round(max(0.0, min(1.0, share)) * width * 8)
    eighths = max(eighths, 1) if share > 0 else eighths
    full, rest = divmod(eighths, 8)
    text = "█" * full + (_BLOCKS[rest] if rest else "")
    return text + " " * (width - len(text))
