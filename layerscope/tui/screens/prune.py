"""What pruning would remove, to be looked through before it goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Static

from layerscope.errors import LayerscopeError
from layerscope.tui.commands.command import bindings
from layerscope.tui.commands.everywhere import BACK
from layerscope.tui.commands.store import PRUNE
from layerscope.tui.models.prune_lines import PruneLines
from layerscope.tui.widgets.line import Line
from layerscope.tui.widgets.rows import RowList
from layerscope.units import size_text
from layerscope.usecases.prune import Pruned, prune

if TYPE_CHECKING:
    from layerscope.store.store import Store


class PruneScreen(ModalScreen[frozenset[str] | None]):
    """Gives the keys of what is to stay, None where nothing is to be removed at all."""

    BINDINGS = bindings((*PRUNE, BACK))

    DEFAULT_CSS = """
    PruneScreen { align: center middle; background: $background 60%; }
    PruneScreen > Vertical { width: 90%; max-width: 110; height: 80%; padding: 0 1;
                             border: round $primary; background: $background; }
    PruneScreen #question { text-style: bold; }
    PruneScreen RowList { height: 1fr; }
    PruneScreen #keys { color: $text-muted; }
    """

    class Looked(Message):
        """What would go if ``spared`` stayed."""

        def __init__(self, pruned: Pruned, spared: frozenset[str]) -> None:
            super().__init__()
            self.pruned, self.spared = pruned, spared

    def __init__(self, store: Store, pruned: Pruned) -> None:
        super().__init__()
        self._store = store
        self._all = pruned.things
        self._pruned = pruned
        self._spared: frozenset[str] = frozenset()

    def compose(self) -> ComposeResult:
        """The question, the list, what comes back, what to press."""
        with Vertical():
            yield Static("Remove what nothing refers to?", id="question", markup=False)
            yield RowList()
            yield Line(id="back")
            words = "y: remove   Space: leave out or take in   n, Esc: leave it"
            yield Static(words, id="keys", markup=False)

    def on_mount(self) -> None:
        """All of it goes."""
        self.query_one(RowList).focus()
        self._show()

    def _show(self) -> None:
        going = {thing.name for thing in self._pruned.things}
        rows = self.query_one(RowList)
        rows.show(PruneLines(self._all, going))
        gone = sum(thing.name in going for thing in self._all)
        back = size_text(self._pruned.bytes_freed)
        words = f"{gone} of {len(self._all)} go. It gives back {back} of the disk."
        self.query_one("#back", Line).show(words)

    @on(RowList.Opened)
    def action_leave_out(self) -> None:
        """Spare the line under the cursor, or don't; with an image all that it needs."""
        key = self._all[self.query_one(RowList).cursor].key
        if key is None:
            self.notify("a process that died left it: it goes in any case", timeout=3)
            return
        self._spared ^= {key}
        self._look(self._spared)
        self.query_one(RowList).action_cursor_down()

    @work(thread=True, exclusive=True, group="prune")
    def _look(self, spared: frozenset[str]) -> None:
        try:
            looked = self.Looked(prune(self._store, dry_run=True, spared=spared), spared)
        except (LayerscopeError, OSError) as error:
            self.app.call_from_thread(self.notify, str(error), severity="error", markup=False)
            return
        self.post_message(looked)

    @on(Looked)
    def _take(self, event: Looked) -> None:
        if event.spared == self._spared:
            self._pruned = event.pruned
            self._show()

    def action_remove(self) -> None:
        """Yes."""
        self.dismiss(self._spared)

    def action_back(self) -> None:
        """No."""
        self.dismiss(None)
