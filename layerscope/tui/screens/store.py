"""What the store holds, who shares it, and what deleting any of it gives back."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from textual import events, on, work
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widget import Widget

from layerscope.errors import LayerscopeError
from layerscope.tui.commands.command import bindings
from layerscope.tui.commands.store import STORE
from layerscope.tui.models.store_lines import (
    Item,
    SharedLines,
    StoreLines,
    can_go,
    consequences,
    items,
    store_headings,
    together,
)
from layerscope.tui.screens.ask import AskScreen
from layerscope.tui.screens.base import ExplorerScreen
from layerscope.tui.screens.prune import PruneScreen
from layerscope.tui.widgets.headings import Headings
from layerscope.tui.widgets.line import Line
from layerscope.tui.widgets.rows import NoRows, RowList
from layerscope.units import counted, size_text
from layerscope.usecases.prune import Pruned, prune
from layerscope.usecases.store_overview import Choice, Overview, delete, overview


class StoreScreen(ExplorerScreen):
    """Left everything that costs space, right who shares it, below what the marked ones give."""

    ACTIONS = STORE
    BINDINGS = bindings(STORE)

    DEFAULT_CSS = """
    StoreScreen #panes { height: 1fr; }
    StoreScreen #left { width: 3fr; }
    StoreScreen #right { width: 2fr; border-left: solid $panel; }
    StoreScreen #gain { background: $panel; }
    StoreScreen.-narrow #left, StoreScreen.-narrow #right { width: 1fr; border: none; }
    StoreScreen.-narrow #right { display: none; }
    StoreScreen.-narrow.-other #right { display: block; }
    StoreScreen.-narrow.-other #left { display: none; }
    """

    class Seen(Message):
        """The store was looked at."""

        def __init__(self, seen: Overview, found: list[Item]) -> None:
            super().__init__()
            self.seen, self.found = seen, found

    class Listed(Message):
        """What pruning would remove is known."""

        def __init__(self, pruned: Pruned) -> None:
            super().__init__()
            self.pruned = pruned

    def __init__(self) -> None:
        super().__init__()
        self._seen: Overview | None = None
        self._found: list[Item] = []
        self._marked: frozenset[tuple[str, str]] = frozenset()

    def body(self) -> Iterable[Widget]:
        """The list, who shares, the gain."""
        with Horizontal(id="panes"):
            with Vertical(id="left"):
                yield Headings(store_headings)
                yield RowList(id="items")
            yield RowList(id="right")
        yield Line(id="gain")

    @property
    def things(self) -> RowList:
        """Everything that costs space."""
        return self.query_one("#items", RowList)

    def on_mount(self) -> None:
        """Look at the store."""
        self.say(f"Store — {self.session.root}")
        self.query_one("#gain", Line).show(" looking at everything …")
        self.things.focus()
        self.action_reload()

    @work(thread=True, exclusive=True, group="look")
    def action_reload(self) -> None:
        """Look again."""
        try:
            seen = overview(self.session.store)
            self.post_message(self.Seen(seen, items(seen)))
        except (LayerscopeError, OSError) as error:
            self.app.call_from_thread(self.fail, error)

    @on(Seen)
    def _see(self, event: Seen) -> None:
        self._seen, self._found = event.seen, event.found
        there = {(one.kind, one.key) for one in self._found}
        self._marked &= there
        seen = event.seen
        layers = size_text(sum(one.size for one in seen.layers))
        self.say(
            f"Store — {counted(len(seen.listed), 'image')} in {layers} of layers, "
            f"{counted(len(seen.containers), 'container')}, "
            f"{counted(len(seen.volumes), 'volume')} — {self.session.root}"
        )
        self._show()

    def _show(self, cursor: int | None = None) -> None:
        model = StoreLines(self._found, self._marked)
        wanted = self.things.cursor if cursor is None else cursor
        self.things.show(model, wanted if model.item(wanted) else wanted + 1)
        self._show_gain()

    def _show_gain(self) -> None:
        if self._seen is None:
            return
        chosen = self._chosen_items()
        if not chosen:
            words = f" Space marks what could go. {_rubbish_words(self._seen.rubbish)}"
        else:
            back = self._seen.gives_back(together(chosen))
            stay = f"; {len(back.kept)} of them stay, being needed" if back.kept else ""
            words = (
                f" {len(chosen)} marked: deleting them all gives back {size_text(back.size)} of "
                f"files, {size_text(back.disk)} of the disk{stay}"
            )
        self.query_one("#gain", Line).show(words)

    def _chosen_items(self) -> list[Item]:
        return [one for one in self._found if (one.kind, one.key) in self._marked]

    def _at_cursor(self) -> Item | None:
        model = self.things.model
        return model.item(self.things.cursor) if isinstance(model, StoreLines) else None

    @on(RowList.Highlighted, "#items")
    def _highlight(self) -> None:
        item = self._at_cursor()
        right = self.query_one("#right", RowList)
        if item is None or self._seen is None:
            right.show(NoRows(), 0)
        else:
            right.show(SharedLines(self._seen, item), 0)

    @on(RowList.Opened, "#items")
    def action_open_item(self) -> None:
        """An image's layers; of anything else, who shares it."""
        item = self._at_cursor()
        if item is not None and item.kind == "image":
            self.explorer.open_target(item.key)
        elif item is not None and self.things.has_focus:
            self.action_switch_pane()

    def action_mark(self) -> None:
        """Mark the line, or take its mark away, and go on."""
        item = self._at_cursor()
        if item is not None:
            self._marked ^= {(item.kind, item.key)}
            self._show(self.things.cursor + 1)

    def action_unmark_all(self) -> None:
        """Nothing is marked."""
        self._marked = frozenset()
        self._show()

    def action_delete(self) -> None:
        """Ask, with what goes and what comes back."""
        chosen = self._chosen_items()
        at_cursor = self._at_cursor()
        if not chosen and at_cursor is not None:
            chosen = [at_cursor]
        if not chosen or self._seen is None:
            return
        choice = together(chosen)
        back = self._seen.gives_back(choice)

        def answered(answer: str | None) -> None:
            if answer:
                self._delete(choice)

        number = f"these {len(chosen)} things" if len(chosen) > 1 else "this"
        possible = any(can_go(one, back) for one in chosen)
        question = f"Delete {number}?" if possible else f"{number.capitalize()} cannot be deleted"
        self.app.push_screen(
            AskScreen(question, consequences(chosen, back), possible=possible), answered
        )

    @work(thread=True, group="delete")
    def _delete(self, choice: Choice) -> None:
        try:
            freed, failures = delete(self.session.store, choice)
        except (LayerscopeError, OSError) as error:
            self.app.call_from_thread(self.fail, error)
            return
        for failure in failures:
            self.app.call_from_thread(self.fail, failure)
        self._done(freed)

    @work(thread=True, exclusive=True, group="prune")
    def action_prune(self) -> None:
        """Show what pruning would remove."""
        try:
            self.post_message(self.Listed(prune(self.session.store, dry_run=True)))
        except (LayerscopeError, OSError) as error:
            self.app.call_from_thread(self.fail, error)

    @on(Listed)
    def _review(self, event: Listed) -> None:
        pruned = event.pruned
        if not pruned.things:
            self.notify("there is nothing to prune", timeout=3)
            return

        def answered(spared: frozenset[str] | None) -> None:
            if spared is not None:
                self._prune(spared)

        self.app.push_screen(PruneScreen(self.session.store, pruned), answered)

    @work(thread=True, group="delete")
    def _prune(self, spared: frozenset[str]) -> None:
        try:
            self._done(prune(self.session.store, spared=spared).bytes_freed)
        except (LayerscopeError, OSError) as error:
            self.app.call_from_thread(self.fail, error)

    def _done(self, freed: int) -> None:
        """From a thread: say so, look again."""
        words = f"done; pruning freed {size_text(freed)}"
        self.app.call_from_thread(partial(self.notify, words, markup=False, timeout=4))
        self.app.call_from_thread(self.action_reload)

    def action_copy_id(self) -> None:
        """To the clipboard of the terminal (OSC 52)."""
        item = self._at_cursor()
        if item is not None:
            self.app.copy_to_clipboard(item.key)
            self.notify(f"copied {item.key}", markup=False, timeout=2)

    def action_switch_pane(self) -> None:
        """Go to the other side."""
        right = self.query_one("#right", RowList)
        wanted = self.things if right.has_focus else right
        self.show_side(wanted is right)
        wanted.focus()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Where there is room for one pane it is that of the focus."""
        self.show_side(event.widget.id == "right")


def _rubbish_words(size: int) -> str:
    """What pruning would do, if it would do anything."""
    return f"Nothing refers to {size_text(size)}: p prunes it." if size else ""
