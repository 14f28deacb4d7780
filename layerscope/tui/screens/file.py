"""One file: what is in it, what is known of it, and every layer that touched it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from textual import events, on, work
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static

from layerscope.analysis.blame import Touch, blame
from layerscope.archive.entry import Entry, Kind
from layerscope.index.change import Change
from layerscope.index.stack import StackView
from layerscope.tui.commands.command import bindings
from layerscope.tui.commands.file import FILE
from layerscope.tui.models.about_file import TouchLines, facts_of
from layerscope.tui.models.command_text import command_text
from layerscope.tui.models.sniff import Form
from layerscope.tui.models.tree_source import TreeSource
from layerscope.tui.safe_text import safe_name
from layerscope.tui.screens.base import ExplorerScreen
from layerscope.tui.screens.save import SaveScreen
from layerscope.tui.widgets.preview import Preview
from layerscope.tui.widgets.rows import RowList
from layerscope.usecases.file_content import FileContent
from layerscope.usecases.layers import created_by
from layerscope.usecases.opened import OpenImage


@dataclass(frozen=True, slots=True)
class Version:
    """A file as a layer left it; ``place`` is (layer, row there) of its content."""

    entry: Entry
    layer: int
    place: tuple[int, int]


def version_of(source: TreeSource, row: int) -> Version:
    """The version that a row of a stack shows; of a removed row the one that was removed."""
    return Version(source.entry(row), source.layer[row], source.source(row))


class FileScreen(ExplorerScreen):
    """Left the content, right layers and facts."""

    ACTIONS = FILE
    BINDINGS = bindings(FILE)

    DEFAULT_CSS = """
    FileScreen #panes { height: 1fr; }
    FileScreen #left { width: 5fr; }
    FileScreen #right { width: 3fr; border-left: solid $panel; }
    FileScreen #nothing { display: none; height: 1fr; padding: 1 2; color: $text-muted; }
    FileScreen #layers-heading { height: 1; color: $text-muted; }
    FileScreen.-nothing #preview { display: none; }
    FileScreen.-nothing #nothing { display: block; }
    FileScreen.-narrow #left, FileScreen.-narrow #right { width: 1fr; border: none; }
    FileScreen.-narrow #right { display: none; }
    FileScreen.-narrow.-other #right { display: block; }
    FileScreen.-narrow.-other #left { display: none; }
    """

    class Blamed(Message):
        """The layers that touched the file are known."""

        def __init__(self, touches: list[Touch], commands: list[str]) -> None:
            super().__init__()
            self.touches, self.commands = touches, commands

    def __init__(self, image: OpenImage, source: TreeSource, row: int) -> None:
        super().__init__()
        self._image = image
        self._path = source.path(row)
        self._version = version_of(source, row)
        self._touches: list[Touch] = []
        self._commands: list[str] = []
        self._fact = ""

    def body(self) -> Iterable[Widget]:
        """Content beside layers and facts."""
        with Horizontal(id="panes"):
            with Vertical(id="left"):
                yield Preview(id="preview")
                yield Static(id="nothing", markup=False)
            with Vertical(id="right"):
                yield Static(" L   CHANGE", id="layers-heading", markup=False)
                yield RowList(id="touches")

    @property
    def preview(self) -> Preview:
        """The content."""
        return self.query_one(Preview)

    @property
    def touches(self) -> RowList:
        """The layers."""
        return self.query_one("#touches", RowList)

    def on_mount(self) -> None:
        """Show the version that was chosen."""
        self._show()
        self.preview.focus()
        self._blame()

    @work(thread=True)
    def _blame(self) -> None:
        image = self._image
        stacks: list[StackView] = []
        while len(stacks) < image.layer_count and (stack := image.stack(len(stacks))) is not None:
            stacks.append(stack)
        commands = [command_text(text) for text in created_by(image)]
        self.post_message(self.Blamed(blame(stacks, self._path), commands))

    @on(Blamed)
    def _blamed(self, event: Blamed) -> None:
        self._touches, self._commands = event.touches, event.commands
        layers = [touch.layer for touch in self._touches]
        here = layers.index(self._version.layer) if self._version.layer in layers else 0
        self._list(here)

    def _list(self, cursor: int | None = None) -> None:
        version = self._version
        verified = self._image.verified
        facts = facts_of(version.entry, version.layer, self._fact, verified=verified)
        self.touches.show(TouchLines(self._touches, self._commands, facts), cursor)

    def _show(self) -> None:
        """Content and facts of the version."""
        version = self._version
        self._fact = ""
        self.say(f"/{safe_name(self._path)} — as layer {version.layer} has it")
        index = self._image.layer(version.place[0])
        if index is not None and index.kind[version.place[1]] == Kind.FILE:
            content = FileContent(self._image, *version.place)
            if content.size:
                self._say_nothing("Reading the layer up to this file …")
                self.preview.load(content, version.entry.name.decode("utf-8", "replace"))
            else:
                self._say_nothing("The file is empty.")
        else:
            self._say_nothing(_without_content(version.entry))
        self._list()

    def _say_nothing(self, why: str) -> None:
        self.preview.clear()
        self.add_class("-nothing")
        self.query_one("#nothing", Static).update(why)

    @on(Preview.Judged)
    def _judged(self, event: Preview.Judged) -> None:
        self.remove_class("-nothing")
        sniffed = event.sniffed
        self._fact = sniffed.fact or ("text" if sniffed.form is Form.TEXT else "binary data")
        self._list()

    @on(Preview.Broken)
    def _broken(self, event: Preview.Broken) -> None:
        self.fail(event.error)
        self._say_nothing(str(event.error))

    @on(RowList.Highlighted, "#touches")
    def _choose(self, event: RowList.Highlighted) -> None:
        if self.focused is self.touches:
            self._go_to(event.index)

    def _go_to(self, index: int) -> None:
        """Show the file as the layer of a touch left it."""
        if not 0 <= index < len(self._touches):
            return
        number = self._touches[index].layer
        stack = self._image.stack(number)
        row = stack.find(self._path) if stack is not None else None
        if stack is None or row is None:
            return
        version = version_of(stack, row)
        if version.layer != self._version.layer or version.place != self._version.place:
            self._version = version
            self._show()
        if self._touches[index].change is Change.REMOVED:
            self.say(f"/{safe_name(self._path)} — removed by layer {number}; as it was before")

    def action_layer_below(self) -> None:
        """The version before."""
        self._step(-1)

    def action_layer_above(self) -> None:
        """The version after."""
        self._step(1)

    def _step(self, step: int) -> None:
        index = min(self.touches.cursor, len(self._touches) - 1) + step
        if 0 <= index < len(self._touches):
            self.touches.move_to(index)
            self._go_to(index)
        else:
            self.notify(f"no layer {'below' if step < 0 else 'above'} touched it", timeout=2)

    def action_switch_pane(self) -> None:
        """Content, or layers and facts."""
        wanted = self.touches if self.focused is not self.touches else self.preview
        self.show_side(wanted is self.touches)
        wanted.focus()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Where there is room for one pane it is that of the focus."""
        self.show_side(event.widget is self.touches)

    def action_toggle_bytes(self) -> None:
        """Lines or bytes."""
        self.preview.toggle_bytes()

    def action_to_right(self) -> None:
        """Further to the right."""
        self.preview.move_sideways(1)

    def action_to_left(self) -> None:
        """Back to the left."""
        self.preview.move_sideways(-1)

    def action_copy_path(self) -> None:
        """The path, to the terminal's clipboard."""
        self.copy_path(self._path)

    def action_save_file(self) -> None:
        """Write the file to disk."""
        self.app.push_screen(SaveScreen(self._image, self._version.place, self._path))


def _without_content(entry: Entry) -> str:
    if entry.kind is Kind.SYMLINK:
        return f"A symbolic link to {safe_name(entry.link)}"
    return f"There is no content to show: it is a {entry.kind.word}."
