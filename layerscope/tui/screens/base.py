"""What every screen has: a title, a line of keys, notices, and a word where it is too small."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from layerscope.errors import LayerscopeError
from layerscope.tui.commands.command import Command, bindings
from layerscope.tui.commands.everywhere import BACK
from layerscope.tui.commands.offered import offered
from layerscope.tui.safe_text import safe_name, safe_text
from layerscope.tui.widgets.caption import Caption
from layerscope.tui.widgets.footer import KeyLine
from layerscope.tui.widgets.line import Line

if TYPE_CHECKING:
    from layerscope.tui.app import ExplorerApp
    from layerscope.tui.session import Session

LEAST_WIDTH, LEAST_HEIGHT = 60, 15
NARROW = 100  # cells; below this, one pane at a time


class ExplorerScreen(Screen[None]):
    """A screen of the explorer. Subclasses say their commands and what they are made of.

    It has the class ``-narrow`` below 100 columns.
    """

    ACTIONS: ClassVar[tuple[Command, ...]] = ()
    _is_other = False
    BINDINGS = bindings((BACK,))
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (NARROW, "-wide")]  # noqa: RUF012 - Textual's

    DEFAULT_CSS = """
    ExplorerScreen { layout: vertical; background: $background; }
    ExplorerScreen > #title { height: 1; background: $panel; color: $foreground; text-style: bold; }
    ExplorerScreen > #too-small { display: none; width: 1fr; height: 1fr; }
    ExplorerScreen > #too-small { content-align: center middle; }
    ExplorerScreen.-too-small > * { display: none; }
    ExplorerScreen.-too-small > #too-small { display: block; }
    """

    def compose(self) -> ComposeResult:
        """Title, body, keys."""
        yield Line(id="title")
        yield from self.body()
        if self.explorer.guide.captions:
            yield Caption(self.explorer.guide)
        yield KeyLine(self.foot)
        words = f"layerscope needs {LEAST_WIDTH}×{LEAST_HEIGHT}: this terminal is smaller"
        yield Static(words, id="too-small", markup=False)

    def body(self) -> Iterable[Widget]:
        """The widgets between title and keys."""
        return ()

    def foot(self) -> Sequence[Command]:
        """The screen's commands for the line of keys, those that are worth most first."""
        return self.ACTIONS

    @property
    def explorer(self) -> ExplorerApp:
        """The app."""
        from layerscope.tui.app import ExplorerApp

        app = self.app
        assert isinstance(app, ExplorerApp)
        return app

    @property
    def session(self) -> Session:
        """What all screens share."""
        return self.explorer.session

    def on_screen_resume(self) -> None:
        """The guide may have gone on meanwhile."""
        for caption in self.query(Caption):
            caption.show()

    def on_screen_suspend(self) -> None:
        """What it had to say doesn't stand over another screen."""
        self.app.clear_notifications()

    def say(self, text: str) -> None:
        """Put a text into the title line."""
        self.query_one("#title", Line).show(f" {safe_text(text)}")

    def copy_path(self, path: bytes) -> None:
        """To the clipboard of the terminal (OSC 52); control characters stay escaped."""
        text = "/" + safe_name(path)
        self.app.copy_to_clipboard(text)
        self.notify(f"copied {text}", markup=False, timeout=2)

    def fail(self, error: LayerscopeError | OSError) -> None:
        """Tell of an error in a notice; the explorer stands."""
        hint = error.hint if isinstance(error, LayerscopeError) else None
        message = f"{error}\ntry: {hint}" if hint else str(error)
        lines = (safe_text(line) for line in message.splitlines())
        self.notify("\n".join(lines), severity="error", markup=False, timeout=10)

    def toggle_others(self) -> None:
        """From now on what other engines have is shown, on all screens, or it isn't."""
        self.session.others = not self.session.others
        self.notify(f"other engines are {'shown' if self.session.others else 'hidden'}", timeout=2)

    def show_side(self, is_other: bool) -> None:
        """Where there is room for one pane only: the first, or the other one.

        The class ``-other`` says so there and only there, for a change of it styles all anew.
        """
        self._is_other = is_other
        self.set_class(is_other and self.size.width < NARROW, "-other")

    def _on_timer_update(self) -> None:
        """Paint the widgets that have asked for it, and with them those that are about to: what a
        key changes in a second widget would be a picture of its own, two frames later."""
        if self.app.screen is self and not self.app._batch_count:
            for widget in self._compositor.widgets:
                if widget._repaint_required and widget is not self:
                    widget._repaint_required = False
                    self._dirty_widgets.add(widget)
        super()._on_timer_update()

    def action_back(self) -> None:
        """Leave the screen, if there is one below it."""
        if len(self.app.screen_stack) > 2:
            self.app.pop_screen()

    @on(KeyLine.Clicked)
    async def _carry_out(self, event: KeyLine.Clicked) -> None:
        for offer in offered(self):
            if offer.command is event.command:
                await self.app.run_action(offer.command.id, offer.node)

    def on_resize(self, event: events.Resize) -> None:
        """Say so where there is too little room."""
        small = event.size.width < LEAST_WIDTH or event.size.height < LEAST_HEIGHT
        self.set_class(small, "-too-small")
        self.set_class(self._is_other and event.size.width < NARROW, "-other")
