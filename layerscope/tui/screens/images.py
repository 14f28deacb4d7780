"""The images, the store's and other engines', and how the one under the cursor came to be."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from functools import partial

from textual import events, on, work
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Static

from layerscope.errors import LayerscopeError
from layerscope.tui.aside import aside
from layerscope.tui.commands.command import bindings
from layerscope.tui.commands.images import IMAGES
from layerscope.tui.models.image_lines import DetailLines, ImageLines, NoDetailLines, shown_name
from layerscope.tui.screens.base import ExplorerScreen
from layerscope.tui.widgets.headings import Headings
from layerscope.tui.widgets.prompt import Prompt
from layerscope.tui.widgets.rows import NoRows, RowList
from layerscope.usecases.all_images import (
    STORE,
    ListedImage,
    details,
    engine_images,
    merged,
    store_images,
)
from layerscope.usecases.foreign import LISTED, Engine

EMPTY = """\
 The store has no images yet.

 layerscope load FILE          copies one in (docker save, OCI archives, root file systems)
 layerscope FILE               explores one where it lies
"""
_REST = 0.05  # seconds that the cursor rests on an image before its engine is asked about it
_SOON = 0.3  # seconds after which it is said that there is no answer yet


class ImagesScreen(ExplorerScreen):
    """Left the images, right the history and config of one."""

    ACTIONS = IMAGES
    BINDINGS = bindings(IMAGES)

    DEFAULT_CSS = """
    ImagesScreen #panes { height: 1fr; }
    ImagesScreen #left { width: 3fr; }
    ImagesScreen #right { width: 2fr; border-left: solid $panel; }
    ImagesScreen #empty { display: none; height: 1fr; padding: 1 0; }
    ImagesScreen #filter { display: none; }
    ImagesScreen.-empty #panes { display: none; }
    ImagesScreen.-empty #empty { display: block; }
    ImagesScreen.-narrow #left, ImagesScreen.-narrow #right { width: 1fr; border: none; }
    ImagesScreen.-narrow #right { display: none; }
    ImagesScreen.-narrow.-other #right { display: block; }
    ImagesScreen.-narrow.-other #left { display: none; }
    """

    class Listed(Message):
        """The store's images are known."""

        def __init__(self, rows: Sequence[ListedImage]) -> None:
            super().__init__()
            self.rows = rows

    def __init__(self) -> None:
        super().__init__()
        self._own: Sequence[ListedImage] | None = None
        self._found: dict[Engine, Sequence[ListedImage]] = {}
        self._trouble: dict[Engine, str] = {}
        self._rows: Sequence[ListedImage] = ()
        self._marked: list[ListedImage] = []
        self._detailed: ListedImage | None = None

    def body(self) -> Iterable[Widget]:
        """The two panes, what is said of an empty store, the filter."""
        with Horizontal(id="panes"):
            with Vertical(id="left"):
                yield Headings(self._headings)
                yield RowList(id="images")
            yield RowList(id="right")
        yield Static(EMPTY, id="empty", markup=False)
        yield Prompt("a part of a name, ID or source", id="filter")

    def on_mount(self) -> None:
        """List the images."""
        self.say(f"Images — {self.session.root}")
        self.query_one("#images", RowList).focus()
        self.action_reload()

    def on_screen_resume(self) -> None:
        """Something may have changed while another screen was on top."""
        if self._own is not None:
            self._list_own()
            self._ask_others()

    def action_reload(self) -> None:
        """Look again; what is in the way is told again."""
        self._trouble.clear()
        self._list_own()
        self._ask_others()

    @work(thread=True, exclusive=True, group="list")
    def _list_own(self) -> None:
        try:
            self.post_message(self.Listed(store_images(self.session.store)))
        except (LayerscopeError, OSError) as error:
            self.app.call_from_thread(self.fail, error)

    @on(Listed)
    def _list(self, event: Listed) -> None:
        self._own = event.rows
        self._show()

    def action_others(self) -> None:
        """Show what other engines have, or hide it."""
        self.toggle_others()
        self._ask_others()
        self._show()

    def _ask_others(self) -> None:
        """Each engine is asked on its own: none waits for another."""
        for engine in LISTED:
            self.workers.cancel_group(self, engine.value)
            if self.session.others:
                self.run_worker(self._ask(engine), group=engine.value)
            else:
                self._found.pop(engine, None)

    async def _ask(self, engine: Engine) -> None:
        try:
            self._found[engine] = await aside(partial(engine_images, engine))
            self._trouble.pop(engine, None)
        except (LayerscopeError, OSError) as error:
            self._found.pop(engine, None)
            if self._trouble.get(engine) != str(error):
                self._trouble[engine] = str(error)
                self.fail(error)
        self._show()

    def _show(self) -> None:
        if self._own is None:
            return  # the store's are first
        self._rows = merged((self._own, *(self._found.get(engine, ()) for engine in LISTED)))
        self.set_class(not self._rows, "-empty")
        self._say_counts()
        wanted, before = self.query_one("#filter", Input).value.strip().lower(), self._chosen()
        rows = [row for row in self._rows if _matches(row, wanted)]
        targets = [row.target for row in rows]
        there = before is not None and before.target in targets
        images = self.query_one("#images", RowList)
        model = ImageLines(rows, [row.target for row in self._marked])
        images.show(model, targets.index(before.target) if there and before else None)
        self.query_one(Headings).refresh()
        if not rows:
            self._detailed = None
            self.query_one("#right", RowList).show(NoRows())

    def _say_counts(self) -> None:
        found = ((engine.value, len(self._found.get(engine, ()))) for engine in LISTED)
        counts = [f"{count} in {name}" for name, count in found if count]
        words = [", ".join((f"{len(self._own or ())} in the store", *counts))] if counts else []
        self.say(" — ".join(("Images", *words, str(self.session.root))))

    def _headings(self, width: int) -> str:
        model = self.query_one("#images", RowList).model
        if isinstance(model, ImageLines) and len(model):
            return model.headings(width)
        return " No name, ID or source has this in it."

    @on(RowList.Highlighted, "#images")
    def _highlight(self, event: RowList.Highlighted) -> None:
        row = self._chosen()
        if row is not None and row != self._detailed:
            self._detailed = row
            self._detail(row)

    @work(exclusive=True, group="detail")
    async def _detail(self, row: ListedImage) -> None:
        """The history and config, beside; another image's, if the cursor goes on."""
        right = self.query_one("#right", RowList)
        asking = NoDetailLines(row, f"asking {row.source} …")
        said = self.set_timer(_SOON, partial(right.show, asking, 0))
        try:
            if row.source != STORE:
                await asyncio.sleep(_REST)
            steps, config = await aside(partial(details, self.session.store, row))
        except (LayerscopeError, OSError) as error:
            self._detailed = None  # it is tried again
            right.show(NoDetailLines(row, str(error)), 0)
            return
        finally:
            said.stop()
        right.show(DetailLines(row, steps, config), 0)

    @on(RowList.Opened, "#images")
    def action_open_image(self) -> None:
        """Explore the layers of the image under the cursor."""
        row = self._chosen()
        if row is not None:
            self.explorer.open_target(row.target)

    def action_build(self) -> None:
        """The Dockerfile of the image under the cursor, beside the layers that it made."""
        row = self._chosen()
        if row is None:
            return
        from layerscope.tui.screens.build import BuildScreen

        find, visit = self.session.open, self.explorer.open_target
        self.app.push_screen(BuildScreen(partial(find, row.target), partial(visit, row.target)))

    def action_mark_image(self) -> None:
        """Mark the image, or take its mark away; of three the oldest goes."""
        row = self._chosen()
        if row is None:
            return
        others = [one for one in self._marked if one.target != row.target]
        self._marked = others if len(others) < len(self._marked) else [*others[-1:], row]
        self._show()

    def action_compare(self) -> None:
        """The two marked images, or the marked one and that under the cursor."""
        row, chosen = self._chosen(), self._marked
        if len(chosen) == 1 and row is not None and row.target != chosen[0].target:
            chosen = [*chosen, row]
        if len(chosen) != 2:
            self.notify("mark an image with m, then go to another one", timeout=4)
            return
        from layerscope.tui.screens.compare import CompareScreen, pair_of_targets

        a, b = (one.target for one in chosen)
        names = _name_beside(chosen[0], chosen[1]), _name_beside(chosen[1], chosen[0])
        self.app.push_screen(CompareScreen(pair_of_targets(self.session, a, b, names)))

    def action_containers(self) -> None:
        """The containers, live."""
        from layerscope.tui.screens.containers import ContainersScreen

        self.app.push_screen(ContainersScreen())

    def action_store(self) -> None:
        """Who shares what."""
        from layerscope.tui.screens.store import StoreScreen

        self.app.push_screen(StoreScreen())

    def action_copy_id(self) -> None:
        """To the clipboard of the terminal (OSC 52)."""
        row = self._chosen()
        if row is not None:
            self.app.copy_to_clipboard(row.id)
            self.notify(f"copied {row.id}", markup=False, timeout=2)

    def _chosen(self) -> ListedImage | None:
        """The image under the cursor."""
        images = self.query_one("#images", RowList)
        if isinstance(images.model, ImageLines) and len(images.model):
            return images.model.rows[min(images.cursor, len(images.model) - 1)]
        return None

    def action_switch_pane(self) -> None:
        """Go to the other side."""
        right = self.query_one("#right", RowList)
        wanted = self.query_one("#images", RowList) if right.has_focus else right
        self.show_side(wanted is right)
        wanted.focus()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Where there is room for one pane it is that of the focus."""
        self.show_side(event.widget.id == "right")

    def action_filter(self) -> None:
        """Ask for a text."""
        self.show_side(False)
        self.query_one("#filter", Prompt).ask()

    @on(Input.Changed, "#filter")
    def _filter(self) -> None:
        self._show()

    @on(Input.Submitted, "#filter")
    def _filtered(self) -> None:
        self.query_one("#images", RowList).focus()

    def action_back(self) -> None:
        """Out of the filter, or back."""
        if not self.query_one("#filter", Prompt).put_away(self.query_one("#images", RowList)):
            super().action_back()


def _matches(row: ListedImage, wanted: str) -> bool:
    named = any(wanted in name.lower() for name in row.names)
    return named or wanted in row.hex or wanted in row.source


def _name_beside(row: ListedImage, other: ListedImage) -> str:
    """A name that tells it from another image, which may be called the same elsewhere."""
    return shown_name(row) if row.source == other.source else f"{shown_name(row)} ({row.source})"
