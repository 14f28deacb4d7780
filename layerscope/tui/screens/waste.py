"""What costs most for nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from textual import on, work
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static

from layerscope.analysis.efficiency import Efficiency
from layerscope.analysis.losses import Loss
from layerscope.errors import LayerscopeError
from layerscope.tui.commands.command import bindings
from layerscope.tui.commands.waste import WASTE
from layerscope.tui.models.command_text import command_text
from layerscope.tui.models.waste_lines import WasteLines, advice, waste_figures, waste_headings
from layerscope.tui.screens.base import ExplorerScreen
from layerscope.tui.widgets.headings import Headings
from layerscope.tui.widgets.rows import RowList
from layerscope.usecases.analyze import analyze
from layerscope.usecases.layers import created_by
from layerscope.usecases.notes import notes_of_image
from layerscope.usecases.opened import OpenImage
from layerscope.usecases.waste import waste

Visit = Callable[[int, bytes], None]


class WasteScreen(ExplorerScreen):
    """Figures, the losses, and what would save the one under the cursor.

    ``visit`` is called with a layer and a path to go to, once the screen is left.
    """

    ACTIONS = WASTE
    BINDINGS = bindings(WASTE)

    DEFAULT_CSS = """
    WasteScreen #figures { height: auto; padding: 1 1; }
    WasteScreen #losses { height: 1fr; }
    WasteScreen #advice { height: auto; min-height: 3; max-height: 6; padding: 0 1;
                          border-top: solid $panel; color: $text-muted; }
    """

    class Found(Message):
        """The losses are known."""

        def __init__(self, losses: Sequence[Loss]) -> None:
            super().__init__()
            self.losses = losses

    class Weighed(Message):
        """dive's figures are known, too, and how many notes of files: they take longer."""

        def __init__(self, figures: Efficiency, notes: int) -> None:
            super().__init__()
            self.figures, self.notes = figures, notes

    def __init__(self, image: OpenImage, visit: Visit) -> None:
        super().__init__()
        self._image, self._visit = image, visit
        self._commands = [command_text(text) for text in created_by(image)]

    def body(self) -> Iterable[Widget]:
        """Figures, losses, advice."""
        yield Static("weighing …", id="figures", markup=False)
        yield Headings(waste_headings)
        yield RowList(id="losses")
        yield Static(id="advice", markup=False)

    @property
    def losses(self) -> RowList:
        """The list."""
        return self.query_one("#losses", RowList)

    def on_mount(self) -> None:
        """Find out."""
        name = ", ".join(self._image.image.names) or self._image.image.origin
        self.say(f"Waste — {name}")
        self.losses.focus()
        self._weigh()

    @work(thread=True)
    def _weigh(self) -> None:
        try:
            self.post_message(self.Found(waste(self._image)))
            noted = sum(not note.case.is_of_times for note in notes_of_image(self._image))
            self.post_message(self.Weighed(analyze(self._image), noted))
        except (LayerscopeError, OSError) as error:
            self.app.call_from_thread(self.fail, error)

    @on(Found)
    def _list(self, event: Found) -> None:
        self.losses.show(WasteLines(event.losses), 0)
        if not event.losses:
            words = "Nothing is wasted: all that the layers hold can be seen."
            self.query_one("#advice", Static).update(words)

    @on(Weighed)
    def _tell(self, event: Weighed) -> None:
        lines = waste_figures(event.figures, event.notes)
        self.query_one("#figures", Static).update("\n".join(lines))

    @on(RowList.Highlighted, "#losses")
    def _advise(self, event: RowList.Highlighted) -> None:
        model = self.losses.model
        if isinstance(model, WasteLines):
            words = advice(model.losses[event.index], self._commands)
            self.query_one("#advice", Static).update(words)

    @on(RowList.Opened, "#losses")
    def action_visit(self) -> None:
        """Go to the file under the cursor."""
        model = self.losses.model
        if isinstance(model, WasteLines) and len(model):
            loss = model.losses[self.losses.cursor]
            self.app.pop_screen()
            self._visit(loss.by, loss.path)

    def action_copy_path(self) -> None:
        """The path under the cursor, to the terminal's clipboard."""
        model = self.losses.model
        if isinstance(model, WasteLines) and len(model):
            self.copy_path(model.losses[self.losses.cursor].path)
