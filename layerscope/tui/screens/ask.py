"""A question over the screen that has it: yes or no, or a line to type."""

from __future__ import annotations

from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from layerscope.tui.commands.command import Command, bindings
from layerscope.tui.commands.everywhere import BACK
from layerscope.tui.safe_text import safe_text
from layerscope.tui.widgets.prompt import Prompt

_YES = Command("answer('yes')", ("y",), "Yes", "do it", "Question")
_NO = Command("answer('')", ("n",), "No", "leave it", "Question")


class AskScreen(ModalScreen[str]):
    """Gives ``yes`` or what was typed; an empty text for no. ``offered`` is None where there is
    nothing to type. What isn't ``possible`` is only told."""

    BINDINGS = bindings((BACK,))

    DEFAULT_CSS = """
    AskScreen { align: center middle; background: $background 60%; }
    AskScreen > Vertical { width: 80%; max-width: 90; height: auto; padding: 0 1;
                           border: round $primary; background: $background; }
    AskScreen #question { text-style: bold; }
    AskScreen #keys { color: $text-muted; }
    """

    def __init__(
        self,
        question: str,
        details: Sequence[str] = (),
        offered: str | None = None,
        *,
        possible: bool = True,
    ) -> None:
        super().__init__()
        self._question, self._details, self._offered = question, details, offered
        self._possible = possible
        if offered is None and possible:
            for command in (_YES, _NO):
                self._bindings.bind(command.keys[0], command.id, command.words)

    def compose(self) -> ComposeResult:
        """The question, what hangs on it, and what to press."""
        with Vertical():
            yield Static(safe_text(self._question), id="question", markup=False)
            for line in self._details:
                yield Static(safe_text(line), markup=False)
            if self._offered is not None:
                yield Prompt("")
                yield Static("Enter: do it   Esc: leave it", id="keys", markup=False)
            else:
                keys = "y: do it   n, Esc: leave it" if self._possible else "Esc: leave it"
                yield Static(keys, id="keys", markup=False)

    def on_mount(self) -> None:
        """What is offered can be changed at once."""
        for box in self.query(Prompt):
            box.value = self._offered or ""
            box.focus()

    @on(Input.Submitted)
    def _typed(self, event: Input.Submitted) -> None:
        self.dismiss(event.value.strip())

    def action_answer(self, answer: str) -> None:
        """Yes or no."""
        self.dismiss(answer)

    def action_back(self) -> None:
        """No."""
        self.dismiss("")
