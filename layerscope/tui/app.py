"""The explorer: the stack of screens and what is the same on all of them."""

from __future__ import annotations

import os

from rich.console import RenderableType
from textual import on
from textual._compositor import CompositorUpdate
from textual.app import App
from textual.driver import Driver
from textual.notifications import Notify
from textual.screen import Screen
from textual.worker import WorkerFailed

from layerscope.tui import theme
from layerscope.tui.commands.command import bindings
from layerscope.tui.commands.demo import GUIDE
from layerscope.tui.commands.everywhere import BACK, EVERYWHERE
from layerscope.tui.commands.offered import Offer, offered
from layerscope.tui.first_frame import FirstFrame
from layerscope.tui.painting import Changes, Painter
from layerscope.tui.screens.base import ExplorerScreen
from layerscope.tui.screens.help import HelpScreen
from layerscope.tui.screens.palette import PaletteScreen
from layerscope.tui.session import Session
from layerscope.tui.terminal import Terminal, stop
from layerscope.tui.widgets.caption import Caption, Guide


class ExplorerApp(App[int]):
    """Opens on a TARGET, or on the store for None."""

    TITLE = "layerscope"
    ACTIONS = (*EVERYWHERE, *GUIDE)
    BINDINGS = bindings(command for command in ACTIONS if command is not BACK)
    ENABLE_COMMAND_PALETTE = False

    def __init__(
        self,
        session: Session,
        target: str | None = None,
        theme_name: str | None = None,
        first_frame: FirstFrame | None = None,
    ) -> None:
        # Without colours Textual's own would be shades of grey, which NO_COLOR doesn't want either.
        super().__init__(driver_class=Terminal, ansi_color="NO_COLOR" in os.environ or None)
        self.first_frame = first_frame or FirstFrame()
        self._painter = Painter()
        self.session = session
        self.guide = Guide(session.captions)
        self._target = target
        self.animation_level = "none"
        for one in theme.THEMES:
            self.register_theme(one)
        self.theme = theme_name or theme.DARK

    def on_mount(self) -> None:
        """Open the first screen."""
        if self._target is None:
            from layerscope.tui.screens.images import ImagesScreen

            self.push_screen(ImagesScreen())
            if self.session.is_demo:
                from layerscope.tui.screens.containers import ContainersScreen

                self.push_screen(ContainersScreen())
        else:
            self.open_target(self._target)

    def forget_screen(self) -> None:
        """Somebody else wrote on the terminal: paint everything anew."""
        self._painter.forget()

    def on_resize(self) -> None:
        """Terminals move and clear what they show when their size changes."""
        self.forget_screen()

    @on(Driver.SignalResume)
    def _repaint(self) -> None:
        """The shell wrote on the terminal while this program was stopped."""
        self.refresh(layout=True)

    @property
    def failure(self) -> BaseException | None:
        """The error that nobody expected and that ended it."""
        error = self._exception
        return error.error if isinstance(error, WorkerFailed) else error

    def _handle_exception(self, error: Exception) -> None:
        """While all is taken down, what misses a part of it is no failure."""
        if not self._exit:
            super()._handle_exception(error)

    def _fatal_error(self) -> None:
        """Leave; who runs the explorer tells what failed."""
        self._close_messages_no_wait()

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        if isinstance(renderable, CompositorUpdate) and not self.is_inline:
            renderable = Changes(renderable, self._painter)
        super()._display(screen, renderable)

    @on(Notify)
    def _make_room(self, event: Notify) -> None:
        """Before Textual adds a notice: of two alike, and of two that are no errors, one stands."""
        new = event.notification
        for old in list(self._notifications):
            if old.message == new.message or "error" not in (old.severity, new.severity):
                self._unnotify(old, refresh=False)

    def open_target(self, target: str, layer: int | None = None) -> None:
        """Open the layers of a TARGET, at the files of one (from the top one down if negative)."""
        from layerscope.tui.screens.layers import LayersScreen

        self.push_screen(LayersScreen(target, layer))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """The guide's commands are there where the guide is."""
        if action in (command.id for command in GUIDE):
            return bool(self.guide.captions)
        return super().check_action(action, parameters)

    def action_toggle_captions(self) -> None:
        """Hide the guide, or show it."""
        self.guide.is_hidden = not self.guide.is_hidden
        self._show_caption()

    def action_next_caption(self) -> None:
        """What else there is to look at."""
        if self.guide.is_hidden:
            self.guide.is_hidden = False
        else:
            self.guide.go_on()
        self._show_caption()

    def _show_caption(self) -> None:
        for caption in self.screen.query(Caption):
            caption.show()

    def action_palette(self) -> None:
        """Choose a command by its name."""
        screen = self.screen
        if isinstance(screen, ExplorerScreen):
            self.push_screen(PaletteScreen(offered(screen)), self._carry_out)

    async def _carry_out(self, offer: Offer | None) -> None:
        if offer is not None:
            await self.run_action(offer.command.id, offer.node)

    async def action_back(self) -> None:
        """Leave what is on top."""
        await self.run_action("back", self.screen)

    async def action_quit(self) -> None:
        """Leave."""
        self.exit(0)

    def action_suspend(self) -> None:
        """Stop, until the shell goes on with it."""
        if not stop():
            self.notify("there is no shell to go back to", severity="warning", timeout=3)

    def action_help(self) -> None:
        """Every key of this screen."""
        screen = self.screen
        if isinstance(screen, ExplorerScreen) and not isinstance(screen, HelpScreen):
            self.push_screen(HelpScreen([offer.command for offer in offered(screen)]))

    def action_next_theme(self) -> None:
        """The next theme."""
        now = theme.NAMES.index(self.theme) if self.theme in theme.NAMES else -1
        self.theme = theme.NAMES[(now + 1) % len(theme.NAMES)]
        self.notify(self.theme, timeout=2)
