"""Where to save a file: a line to type into, over the screen that asked."""

from __future__ import annotations

from pathlib import Path

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from layerscope.errors import LayerscopeError
from layerscope.tui.commands.command import bindings
from layerscope.tui.commands.everywhere import BACK
from layerscope.tui.safe_text import safe_name, safe_text
from layerscope.tui.widgets.prompt import Prompt
from layerscope.usecases.file_content import save_file
from layerscope.usecases.opened import OpenImage


class SaveScreen(ModalScreen[None]):
    """Saves a row of a layer; says what went wrong and lets another name be typed."""

    BINDINGS = bindings((BACK,))

    DEFAULT_CSS = """
    SaveScreen { align: center middle; background: $background 60%; }
    SaveScreen > Vertical { width: 80%; max-width: 90; height: auto; padding: 0 1;
                            border: round $primary; background: $background; }
    SaveScreen #error { color: $text-error; height: auto; }
    """

    class Saved(Message):
        """The file is written."""

        def __init__(self, path: Path) -> None:
            super().__init__()
            self.path = path

    class Failed(Message):
        """The file can't be written."""

        def __init__(self, words: str) -> None:
            super().__init__()
            self.words = words

    def __init__(self, image: OpenImage, place: tuple[int, int], path: bytes) -> None:
        super().__init__()
        self._image, self._place, self._path = image, place, path

    def compose(self) -> ComposeResult:
        """What is saved, where to, what is wrong with that."""
        with Vertical():
            yield Static(f"Save /{safe_name(self._path)} as", markup=False)
            yield Prompt("a file or folder of this machine")
            yield Static(id="error", markup=False)

    def on_mount(self) -> None:
        """Offer the file's name in the folder one is in."""
        box = self.query_one(Prompt)
        box.value = safe_name(self._path.rpartition(b"/")[2])
        box.focus()

    @on(Input.Submitted)
    def _submit(self, event: Input.Submitted) -> None:
        if event.value.strip():
            self.query_one("#error", Static).update("saving …")
            self._save(Path(event.value.strip()).expanduser())

    @work(thread=True, exclusive=True)
    def _save(self, dest: Path) -> None:
        try:
            self.post_message(self.Saved(save_file(self._image, *self._place, dest)))
        except LayerscopeError as error:
            self.post_message(self.Failed(str(error)))
        except (OSError, ValueError) as error:
            self.post_message(self.Failed(f"{dest}: {getattr(error, 'strerror', None) or error}"))

    @on(Saved)
    def _saved(self, event: Saved) -> None:
        self.app.notify(f"saved {safe_text(str(event.path))}", markup=False, timeout=4)
        self.dismiss(None)

    @on(Failed)
    def _failed(self, event: Failed) -> None:
        self.query_one("#error", Static).update(safe_text(event.words))

    def action_back(self) -> None:
        """Save nothing."""
        self.dismiss(None)
