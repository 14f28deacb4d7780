"""The store's images, and how the one under the cursor came to be."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from textual import events, on, work
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Static

from layerscope.errors import LayerscopeError
from layerscope.oci.runtime_config import RuntimeConfig
from layerscope.tui.commands.command import bindings
from layerscope.tui.commands.images import IMAGES
from layerscope.tui.models.image_lines import DetailLines, ImageLines, image_headings, shown_name
from layerscope.tui.screens.base import ExplorerScreen
from layerscope.tui.widgets.headings import Headings
from layerscope.tui.widgets.prompt import Prompt
from layerscope.tui.widgets.rows import NoRows, RowList
from layerscope.usecases.history import HistoryRow, history
from layerscope.usecases.images import ImageRow, list_images

EMPTY = """\
 The store has no images yet.

 layerscope load FILE          copies one in (docker save, OCI archives, root file systems)
 layerscope FILE               explores one where it lies
"""


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
    ImagesScreen #filter.-open { display: block; }
    ImagesScreen.-empty #panes { display: none; }
    ImagesScreen.-empty #empty { display: block; }
    ImagesScreen.-narrow #left, ImagesScreen.-narrow #right { width: 1fr; border: none; }
    ImagesScreen.-narrow #right { display: none; }
    ImagesScreen.-narrow.-other #right { display: block; }
    ImagesScreen.-narrow.-other #left { display: none; }
    """

    class Listed(Message):
        """The store's images are known."""

        def __init__(self, rows: Sequence[ImageRow]) -> None:
            super().__init__()
            self.rows = rows

    class Detailed(Message):
        """The history and config of an image are known."""

        def __init__(
            self, row: ImageRow, steps: Sequence[HistoryRow], config: RuntimeConfig
        ) -> None:
            super().__init__()
            self.row, self.steps, self.config = row, steps, config

    def __init__(self) -> None:
        super().__init__()
        self._rows: Sequence[ImageRow] = ()
        self._marked: list[ImageRow] = []

    def body(self) -> Iterable[Widget]:
        """The two panes, what is said of an empty store, the filter."""
        with Horizontal(id="panes"):
            with Vertical(id="left"):
                yield Headings(self._headings)
                yield RowList(id="images")
            yield RowList(id="right")
        yield Static(EMPTY, id="empty", markup=False)
        yield Prompt("a part of a name or ID", id="filter")

    def on_mount(self) -> None:
        """List the images."""
        self.say(f"Images — {self.session.root}")
        self.query_one("#images", RowList).focus()
        self.action_reload()

    def on_screen_resume(self) -> None:
        """Something may have changed while another screen was on top."""
        if self._rows:
            self.action_reload()

    @work(thread=True, exclusive=True, group="list")
    def action_reload(self) -> None:
        """Look into the store again."""
        try:
            self.post_message(self.Listed(list_images(self.session.store)))
        except (LayerscopeError, OSError) as error:
            self.app.call_from_thread(self.fail, error)

    @on(Listed)
    def _list(self, event: Listed) -> None:
        self._rows = event.rows
        self.set_class(not self._rows, "-empty")
        self._show()

    def _show(self) -> None:
        wanted = self.query_one("#filter", Input).value.strip().lower()
        rows = [row for row in self._rows if _matches(row, wanted)]
        images = self.query_one("#images", RowList)
        images.show(ImageLines(rows, [row.image.id for row in self._marked]))
        self.query_one(Headings).refresh()
        if not rows:
            self.query_one("#right", RowList).show(NoRows())

    def _headings(self, width: int) -> str:
        found = len(self.query_one("#images", RowList).model)
        return image_headings(width) if found else " No name or ID has this in it."

    @on(RowList.Highlighted, "#images")
    def _highlight(self, event: RowList.Highlighted) -> None:
        model = event.rows.model
        if isinstance(model, ImageLines):
            self._detail(model.rows[event.index])

    @work(thread=True, exclusive=True, group="detail")
    def _detail(self, row: ImageRow) -> None:
        store = self.session.store
        try:
            steps = history(store, row.image)
            config = store.config(row.image).config
        except (LayerscopeError, OSError) as error:
            self.app.call_from_thread(self.fail, error)
            return
        self.post_message(self.Detailed(row, steps, config))

    @on(Detailed)
    def _show_detail(self, event: Detailed) -> None:
        if self._chosen() is not event.row:
            return  # the cursor went on meanwhile
        self.query_one("#right", RowList).show(DetailLines(event.row, event.steps, event.config), 0)

    @on(RowList.Opened, "#images")
    def action_open_image(self) -> None:
        """Explore the layers of the image under the cursor."""
        row = self._chosen()
        if row is not None:
            self.explorer.open_target(str(row.image.id))  # a name may be that of a file here

    def action_mark_image(self) -> None:
        """Mark the image, or take its mark away; of three the oldest goes."""
        row = self._chosen()
        if row is None:
            return
        others = [one for one in self._marked if one.image.id != row.image.id]
        self._marked = others if len(others) < len(self._marked) else [*others[-1:], row]
        self._show()

    def action_compare(self) -> None:
        """The two marked images, or the marked one and that under the cursor."""
        row, chosen = self._chosen(), self._marked
        if len(chosen) == 1 and row is not None and row.image.id != chosen[0].image.id:
            chosen = [*chosen, row]
        if len(chosen) != 2:
            self.notify("mark an image with m, then go to another one", timeout=4)
            return
        from layerscope.tui.screens.compare import CompareScreen, pair_of_targets

        a, b = (str(one.image.id) for one in chosen)
        names = shown_name(chosen[0]), shown_name(chosen[1])
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
            self.app.copy_to_clipboard(str(row.image.id))
            self.notify(f"copied {row.image.id}", markup=False, timeout=2)

    def _chosen(self) -> ImageRow | None:
        """The image under the cursor."""
        images = self.query_one("#images", RowList)
        if isinstance(images.model, ImageLines) and len(images.model):
            return images.model.rows[images.cursor]
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
        box = self.query_one("#filter", Input)
        box.add_class("-open")
        box.focus()

    @on(Input.Changed, "#filter")
    def _filter(self) -> None:
        self._show()

    @on(Input.Submitted, "#filter")
    def _filtered(self) -> None:
        self.query_one("#images", RowList).focus()

    def action_back(self) -> None:
        """Out of the filter, or back."""
        box = self.query_one("#filter", Input)
        if box.has_class("-open"):
            box.value = ""
            box.remove_class("-open")
            self.query_one("#images", RowList).focus()
            return
        super().action_back()


def _matches(row: ImageRow, wanted: str) -> bool:
    return any(wanted in name.lower() for name in row.image.names) or wanted in row.image.id.hex
