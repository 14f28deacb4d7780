"""The images of an archive that has several: one of them is chosen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from textual import on
from textual.widget import Widget

from layerscope.tui.commands.choose import CHOOSE
from layerscope.tui.commands.command import bindings
from layerscope.tui.safe_text import fit, safe_text
from layerscope.tui.screens.base import ExplorerScreen
from layerscope.tui.widgets.rows import RowList, Span
from layerscope.usecases.opened import ChooseImage


class NameLines:
    """Names, a line each."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names

    def __len__(self) -> int:
        return len(self._names)

    def spans(self, index: int, width: int) -> Sequence[Span]:
        """One of them."""
        return [(fit(f" {safe_text(self._names[index])}", width), "")]


class ChooseScreen(ExplorerScreen):
    """What the error that asks for a choice knows, as a list; Enter opens one."""

    ACTIONS = CHOOSE
    BINDINGS = bindings(CHOOSE)

    def __init__(self, asked: ChooseImage) -> None:
        super().__init__()
        self._asked = asked

    def body(self) -> Iterable[Widget]:
        """The list."""
        yield RowList(id="names")

    def on_mount(self) -> None:
        """Fill it."""
        self.say(f"{self._asked.what} — {self._asked.reason}")
        names = self.query_one(RowList)
        names.show(NameLines(self._asked.names))
        names.focus()

    @on(RowList.Opened)
    def action_open_image(self) -> None:
        """Explore the layers of the image under the cursor."""
        name = self._asked.names[self.query_one(RowList).cursor]
        self.explorer.open_target(self._asked.target(name))
