"""The Dockerfile of an image beside what its steps made."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from functools import partial

from rich.text import Text
from textual import events, on, work
from textual.containers import Horizontal, Vertical
from textual.widget import Widget
from textual.widgets import Input, Static

from layerscope.errors import LayerscopeError
from layerscope.tui.aside import aside
from layerscope.tui.commands.build import BUILD
from layerscope.tui.commands.command import bindings
from layerscope.tui.models.build_lines import (
    BuildLines,
    DockerfileLines,
    about_step,
    seconds_text,
)
from layerscope.tui.screens.base import ExplorerScreen
from layerscope.tui.widgets.headings import Headings
from layerscope.tui.widgets.prompt import Prompt
from layerscope.tui.widgets.rows import RowList
from layerscope.units import ago_text
from layerscope.usecases.how_built import BuiltStep, HowBuilt, how_built, layer_sizes
from layerscope.usecases.opened import OpenImage

_EVERY = 0.3  # seconds between two looks at layers that are being read
_STEP = 16  # columns that a key moves long lines by


class BuildScreen(ExplorerScreen):
    """Left the steps, right the Dockerfile, the cursor at the same place in both.

    ``find`` opens the image, ``visit`` goes to a layer's files; ``is_reading`` says whether sizes
    of layers are still to come.
    """

    ACTIONS = BUILD
    BINDINGS = bindings(BUILD)

    DEFAULT_CSS = """
    BuildScreen #panes { height: 1fr; }
    BuildScreen #left { width: 3fr; }
    BuildScreen #dockerfile { width: 2fr; border-left: solid $panel; }
    BuildScreen #about { height: 6; max-height: 40%; padding: 0 1; border-top: solid $panel;
                         color: $text-muted; }
    BuildScreen #filter { display: none; }
    BuildScreen.-narrow #left, BuildScreen.-narrow #dockerfile { width: 1fr; border: none; }
    BuildScreen.-narrow #dockerfile { display: none; }
    BuildScreen.-narrow.-other #dockerfile { display: block; }
    BuildScreen.-narrow.-other #left { display: none; }
    """

    def __init__(
        self,
        find: Callable[[], OpenImage],
        visit: Callable[[int], None],
        is_reading: Callable[[], bool] = lambda: False,
    ) -> None:
        super().__init__()
        self._find, self._visit, self._is_reading = find, visit, is_reading
        self._built = HowBuilt((), ())
        self._sizes: Mapping[int, int] = {}
        self._column = 0

    def body(self) -> Iterable[Widget]:
        """Steps with what is known of one, the Dockerfile, the filter."""
        with Horizontal(id="panes"):
            with Vertical(id="left"):
                yield Headings(self._headings)
                yield RowList(id="steps")
                yield Static(id="about", markup=False)
            yield RowList(id="dockerfile")
        yield Prompt("a part of an instruction or a reason", id="filter")

    @property
    def steps(self) -> RowList:
        """The list of steps."""
        return self.query_one("#steps", RowList)

    @property
    def dockerfile(self) -> RowList:
        """The Dockerfile."""
        return self.query_one("#dockerfile", RowList)

    @property
    def step(self) -> BuiltStep | None:
        """The step under the cursor."""
        model = self.steps.model
        if isinstance(model, BuildLines) and len(model):
            return model.steps[min(self.steps.cursor, len(model) - 1)]
        return None

    def on_mount(self) -> None:
        """Find out."""
        self.say("Build — looking …")
        self.steps.focus()
        self._look()

    @work(exclusive=True)
    async def _look(self) -> None:
        try:
            image = await aside(self._find)
            self._built = await aside(partial(how_built, self.session.store, image.image))
            self._sizes = await aside(partial(layer_sizes, image))
            self.say(_title(image, self._built))
            self._show()
            while self._is_reading() and len(self._sizes) < image.layer_count:
                await asyncio.sleep(_EVERY)
                self._sizes = await aside(partial(layer_sizes, image))
                self._show()
        except (LayerscopeError, OSError) as error:
            self.say("Build — it can't be told")
            self.fail(error)

    def _show(self) -> None:
        wanted = self.query_one("#filter", Input).value.strip().lower()
        found = [step for step in self._built.steps if _matches(step, wanted)]
        is_told = self._built.built_at is None
        self.steps.go_on(BuildLines(found, self._sizes, is_told=is_told))
        self.query_one(Headings).refresh()
        self._show_step()

    def _headings(self, width: int) -> str:
        model = self.steps.model
        if isinstance(model, BuildLines) and len(model):
            return model.headings(width)
        return " No step has this in it." if self._built.steps else ""

    def _show_step(self) -> None:
        """What is told of the step under the cursor, and its lines."""
        step, model = self.step, self.steps.model
        about = Text()
        if step is not None and isinstance(model, BuildLines):
            first, *rest = about_step(step, model)
            about = Text.assemble((first, "bold"), *(f"\n{words}" for words in rest))
        self.query_one("#about", Static).update(about, layout=False)
        self._show_dockerfile(step.lines if step is not None else range(0))

    def _show_dockerfile(self, marked: range) -> None:
        starts = [step.lines[0] for step in self._built.steps]
        model = DockerfileLines(self._built.lines, starts, marked, self._column)
        stays = self.dockerfile.has_focus or not marked
        self.dockerfile.go_on(model, None if stays else marked[0] - 1)

    @on(RowList.Highlighted, "#steps")
    def _step_chosen(self) -> None:
        self._show_step()

    @on(RowList.Highlighted, "#dockerfile")
    def _line_chosen(self, event: RowList.Highlighted) -> None:
        """Whoever walks through the Dockerfile takes the steps along."""
        model = self.steps.model
        if not self.dockerfile.has_focus or not isinstance(model, BuildLines):
            return
        line = event.index + 1
        here = [n for n, step in enumerate(model.steps) if line in step.lines]
        if here and self.steps.cursor not in here:
            self.steps.move_to(here[0])

    @on(RowList.Opened)
    def action_visit(self) -> None:
        """The files of the layer of the step under the cursor."""
        step = self.step
        if step is None:
            return
        if step.layers:
            self._visit(step.layers[-1])
        elif step.elsewhere is not None:
            self.explorer.open_target(str(step.elsewhere), -1)
        else:
            self.notify("this step made no layer", severity="warning", timeout=3)

    def action_switch_pane(self) -> None:
        """The steps, or the Dockerfile."""
        wanted = self.steps if self.dockerfile.has_focus else self.dockerfile
        self.show_side(wanted is self.dockerfile)
        wanted.focus()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Where there is room for one pane it is that of the focus."""
        self.show_side(event.widget is self.dockerfile)

    def action_to_right(self) -> None:
        """What long lines have to the right."""
        longest = max(map(len, self._built.lines), default=0)
        self._move_lines(min(self._column + _STEP, max(0, longest - _STEP)))

    def action_to_left(self) -> None:
        """Back to the start of long lines."""
        self._move_lines(max(0, self._column - _STEP))

    def _move_lines(self, column: int) -> None:
        self._column = column
        self._show_step()

    def action_copy_step(self) -> None:
        """To the clipboard of the terminal (OSC 52)."""
        step = self.step
        if step is not None:
            self.app.copy_to_clipboard(step.instruction)
            self.notify("copied the instruction", timeout=2)

    def action_filter(self) -> None:
        """Ask for a text."""
        self.show_side(False)
        self.query_one("#filter", Prompt).ask()

    @on(Input.Changed, "#filter")
    def _filter(self) -> None:
        self._show()

    @on(Input.Submitted, "#filter")
    def _filtered(self) -> None:
        self.steps.focus()

    def action_back(self) -> None:
        """Out of the filter, of the Dockerfile, or back."""
        if self.query_one("#filter", Prompt).put_away(self.steps):
            return
        if self.dockerfile.has_focus:
            self.steps.focus()
        else:
            super().action_back()


def _title(image: OpenImage, built: HowBuilt) -> str:
    name = ", ".join(image.image.names) or image.image.origin
    if built.built_at is None:
        return f"Build — {name} — told by its history"
    steps = [step for step in built.steps if step.instruction[:5].upper() != "FROM "]
    cached = sum(bool(step.cached) for step in steps)
    seconds = seconds_text(sum(step.seconds or 0.0 for step in built.steps))
    return (
        f"Build — {name} — {ago_text(built.built_at)}, {cached} of {len(steps)} steps cached, "
        f"{seconds}"
    )


def _matches(step: BuiltStep, wanted: str) -> bool:
    return wanted in step.instruction.lower() or wanted in (step.reason or "").lower()
