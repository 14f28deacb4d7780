"""The palette: every command by its name, found as one types."""

from __future__ import annotations

from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from layerscope.tui.commands.command import bindings, key_words
from layerscope.tui.commands.everywhere import BACK, PALETTE_ROWS
from layerscope.tui.commands.offered import Offer
from layerscope.tui.safe_text import fit, fit_left
from layerscope.tui.widgets.prompt import Prompt
from layerscope.tui.widgets.rows import RowList, Span

_WORDS, _KEYS = 16, 8


class OfferLines:
    """Commands, a line each: words, what it does, its first key."""

    def __init__(self, offers: Sequence[Offer]) -> None:
        self.offers = offers

    def __len__(self) -> int:
        return len(self.offers)

    def spans(self, index: int, width: int) -> Sequence[Span]:
        """The line of a command."""
        command = self.offers[index].command
        key = key_words(command.keys[0]) if command.keys else ""
        room = max(0, width - _WORDS - _KEYS - 4)
        return [
            (f" {fit(command.words, _WORDS)} ", "strong"),
            (fit(command.help, room), "dim"),
            (f" {fit_left(key, _KEYS)} ", "accent"),
        ]


def matching(offers: Sequence[Offer], text: str) -> list[Offer]:
    """Commands with every word of ``text`` in what is said of them; by name before by help."""
    wanted = text.lower().split()

    def place(offer: Offer) -> int:
        words, said = offer.command.words.lower(), offer.command.help.lower()
        if all(word in words for word in wanted):
            return 0 if not wanted or words.startswith(wanted[0]) else 1
        return 2 if all(word in f"{words} {said}" for word in wanted) else 3

    return [offer for offer in sorted(offers, key=place) if place(offer) < 3]


class PaletteScreen(ModalScreen[Offer | None]):
    """Ends with the command that was chosen, None for none."""

    BINDINGS = bindings((BACK, *PALETTE_ROWS))

    DEFAULT_CSS = """
    PaletteScreen { align: center top; background: $background 60%; }
    PaletteScreen > Vertical { width: 90%; max-width: 100; height: 90%; max-height: 24;
                               margin: 1 0; border: round $primary; background: $background; }
    """

    def __init__(self, offers: Sequence[Offer]) -> None:
        super().__init__()
        self._offers = offers

    def compose(self) -> ComposeResult:
        """What is typed, and what fits it."""
        with Vertical():
            yield Prompt("a command's name")
            yield RowList()

    def on_mount(self) -> None:
        """Show all."""
        self._fill("")
        self.query_one(Prompt).focus()

    def _fill(self, text: str) -> None:
        self.query_one(RowList).show(OfferLines(matching(self._offers, text)), 0)

    @on(Input.Changed)
    def _narrow(self, event: Input.Changed) -> None:
        self._fill(event.value)

    @on(Input.Submitted)
    @on(RowList.Opened)
    def _choose(self) -> None:
        rows = self.query_one(RowList)
        if isinstance(rows.model, OfferLines) and len(rows.model):
            self.dismiss(rows.model.offers[rows.cursor])

    def action_move(self, way: str) -> None:
        """Move in the list while typing goes on."""
        getattr(self.query_one(RowList), f"action_{way}")()

    def action_back(self) -> None:
        """Choose nothing."""
        self.dismiss(None)
