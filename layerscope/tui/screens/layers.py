"""The layers of an image, and the files of the one under the cursor."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

from textual import events, on
from textual.containers import Horizontal, Vertical
from textual.widget import Widget
from textual.widgets import Static

from layerscope.archive.entry import Kind
from layerscope.errors import LayerscopeError
from layerscope.oci.history import steps
from layerscope.tui.commands.command import Command, bindings
from layerscope.tui.commands.layers import FILES_GROUP, FIND_GROUP, LAYERS, LAYERS_GROUP
from layerscope.tui.models.layer_line import LayerLine, Stage, layer_lines
from layerscope.tui.models.layer_lines import LayerLines, layer_headings
from layerscope.tui.models.lone_layer import LoneLayer
from layerscope.tui.models.reading import Reading
from layerscope.tui.models.tree_view import Scope
from layerscope.tui.safe_text import safe_text
from layerscope.tui.screens.compare import CompareScreen, Pair
from layerscope.tui.screens.file import FileScreen
from layerscope.tui.screens.reading import ReadingScreen
from layerscope.tui.screens.save import SaveScreen
from layerscope.tui.screens.waste import WasteScreen
from layerscope.tui.widgets.about_layer import AboutLayer
from layerscope.tui.widgets.files_pane import FilesPane
from layerscope.tui.widgets.footer import KeyLine
from layerscope.tui.widgets.headings import Headings
from layerscope.tui.widgets.rows import RowList
from layerscope.units import counted, size_text
from layerscope.usecases.compare import compare_layers
from layerscope.usecases.opened import ChooseImage, OpenImage


class LayersScreen(ReadingScreen):
    """Left the layers, bottom up, right the files; it opens on those of a ``layer``, if one is
    given (from the top one down if negative)."""

    ACTIONS = LAYERS
    BINDINGS = bindings(LAYERS)

    DEFAULT_CSS = """
    LayersScreen #panes { height: 1fr; }
    LayersScreen #left { width: 2fr; max-width: 80; }
    LayersScreen #files { width: 3fr; border-left: solid $panel; }
    LayersScreen #failed { display: none; height: 1fr; padding: 1 2; color: $text-error; }
    LayersScreen.-failed #panes { display: none; }
    LayersScreen.-failed #failed { display: block; }
    LayersScreen.-narrow #left { width: 1fr; max-width: 100%; }
    LayersScreen.-narrow #files { width: 1fr; border: none; display: none; }
    LayersScreen.-narrow.-other #files { display: block; }
    LayersScreen.-narrow.-other #left { display: none; }
    """

    def __init__(self, target: str, layer: int | None = None) -> None:
        super().__init__(target)
        self._wanted = layer
        self._shown: tuple[int | None, Stage, bool, bool] | None = None
        self._marked: list[int] = []

    def body(self) -> Iterable[Widget]:
        """Layers with what is known of one, files, and room for an error."""
        with Horizontal(id="panes"):
            with Vertical(id="left"):
                yield Headings(layer_headings)
                yield RowList(id="layers")
                yield AboutLayer(id="about")
            yield FilesPane(id="files")
        yield Static(id="failed", markup=False)

    @property
    def layer_list(self) -> RowList:
        """The list of layers."""
        return self.query_one("#layers", RowList)

    def on_mount(self) -> None:
        """The layers have the focus."""
        self.layer_list.focus()

    def show_failure(self, error: LayerscopeError) -> None:
        """Nothing can be shown: say why, and stay; where there are several images, list them."""
        if isinstance(error, ChooseImage) and error.names:
            from layerscope.tui.screens.choose import ChooseScreen

            self.app.switch_screen(ChooseScreen(error))
            return
        hint = f"\n\ntry: {error.hint}" if error.hint else ""
        words = f"{error.what}: {error.why}{hint}"
        self.query_one("#failed", Static).update("\n".join(map(safe_text, words.splitlines())))
        self.add_class("-failed")
        self.query_one(KeyLine).refresh()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Without an image the screen's own commands can do nothing, but for trying again."""
        failed = self.has_class("-failed") and action != "read_on"
        if failed and any(one.action == action for one in LAYERS):
            return False
        return super().check_action(action, parameters)

    def action_read_on(self) -> None:
        """Read the layers that weren't, or try to open what couldn't be."""
        if self.has_class("-failed"):
            self.remove_class("-failed")
            self.query_one(KeyLine).refresh()
            self.open()
        else:
            super().action_read_on()

    def foot(self) -> Sequence[Command]:
        """The way to the other pane, then what belongs to the pane with the focus."""
        at_layers = self.focused is None or self.focused is self.layer_list
        groups = LAYERS_GROUP, FIND_GROUP, FILES_GROUP
        order = groups if at_layers else groups[1:] + groups[:1]
        return sorted(LAYERS, key=lambda one: (one.id != "switch_pane", order.index(one.group)))

    def show_reading(self) -> None:
        """List the layers as far as they are known."""
        image, reading = self.image, self.reading
        assert image is not None
        assert reading is not None
        made = steps(image.image.config.history, image.layer_count)
        self.layer_list.show(LayerLines(layer_lines(made, reading.states), self._marked))
        self.say(self._title(image, reading))
        if self._wanted is not None and image.layer_count:
            wanted, self._wanted = self._wanted % image.layer_count, None
            self.visit_layer(wanted)

    def _title(self, image: OpenImage, reading: Reading) -> str:
        name = ", ".join(image.image.names) or image.image.origin
        if self.is_reading:
            return f"{name} — {reading.words()} — Esc stops"
        sizes = [state.size for state in reading.states.values() if state.size is not None]
        wasted = sum(state.wasted or 0 for state in reading.states.values())
        layers = counted(image.layer_count, "layer")
        words = f"{name} — {size_text(sum(sizes))} in {layers}"
        failed = sum(state.stage is Stage.FAILED for state in reading.states.values())
        if failed:
            words += f", {failed} of them can't be read"
        if not reading.is_done:
            return f"{words} — not all are read: r reads on"
        return f"{words}, {size_text(wasted)} of it for nothing" if wasted else words

    @property
    def line(self) -> LayerLine | None:
        """The step under the cursor."""
        model = self.layer_list.model
        return model.lines[self.layer_list.cursor] if isinstance(model, LayerLines) else None

    @on(RowList.Highlighted, "#layers")
    def _layer_chosen(self) -> None:
        if self.line is not None:
            self._show_line(self.line)

    def _show_line(self, line: LayerLine) -> None:
        """What is known of a step, and its files, unless they are shown already."""
        if self.image is None or self.reading is None:
            return
        self.query_one(AboutLayer).show(line, self.image)
        key = (line.layer, line.state.stage, line.state.tally is None, self.is_reading)
        if key != self._shown:
            self._shown = key
            self._show_files(line, self.image)

    def _show_files(self, line: LayerLine, image: OpenImage) -> None:
        """The files of a step, or why there are none."""
        number, files = line.layer, self.files
        if number is None:
            files.show_nothing("Metadata only", f"This step changed no files.\n\n{line.command}")
            return
        stack, layer = image.stack(number), image.layer(number)
        if stack is not None:
            changed = f"What layer {number} changed"
            every = f"Everything, layers 0–{number}" if number else "Everything, layer 0"
            files.show(stack, {Scope.CHANGED: changed, Scope.ALL: every})
        elif layer is not None and not self.is_reading:
            title = f"Layer {number} alone: what is below it can't be read"
            files.show(LoneLayer(number, layer), dict.fromkeys(Scope, title))
        else:
            waiting = "It is being read." if self.is_reading else "It wasn't read: r reads on."
            why = line.state.error or waiting
            files.show_nothing(f"Layer {number}", why)

    def action_switch_pane(self) -> None:
        """Layers or files."""
        to_files = self.focused is self.layer_list
        self.show_side(to_files)
        (self.files.file_tree if to_files else self.layer_list).focus()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Where there is room for one pane it is that of the focus."""
        self.show_side(event.widget is not self.layer_list)
        self.query_one(KeyLine).refresh()

    @on(RowList.Opened, "#layers")
    def _to_files(self) -> None:
        if self.focused is self.layer_list:
            self.action_switch_pane()

    def action_layer_below(self) -> None:
        """The next layer down the stack."""
        self._go_to_layer(-1)

    def action_layer_above(self) -> None:
        """The next layer up the stack."""
        self._go_to_layer(1)

    def _go_to_layer(self, step: int) -> None:
        """Past the steps that have no layer."""
        model = self.layer_list.model
        if not isinstance(model, LayerLines):
            return
        index = self.layer_list.cursor + step
        while 0 <= index < len(model) and model.lines[index].layer is None:
            index += step
        if 0 <= index < len(model):
            self.layer_list.move_to(index)

    def action_mark_layer(self) -> None:
        """Mark the layer, or take its mark away; of three the oldest goes."""
        line = self.line
        if line is None or line.layer is None:
            return
        if line.layer in self._marked:
            self._marked.remove(line.layer)
        else:
            self._marked = [*self._marked[-1:], line.layer]
        self.show_reading()

    @on(RowList.Opened, "#tree")
    def _open_row(self) -> None:
        """A directory unfolds, a file is shown."""
        tree = self.files.file_tree
        if self.image is None or tree.shown is None or not len(tree.shown):
            return
        if tree.shown.can_fold(tree.cursor):
            tree.fold()
        elif tree.shown.stack.kind(tree.shown[tree.cursor]) is not Kind.DIR:
            stack, row = tree.shown.stack, tree.shown[tree.cursor]
            self.app.push_screen(FileScreen(self.image, stack, row))

    def action_save_file(self) -> None:
        """Write the file under the cursor to disk."""
        tree = self.files.file_tree
        if self.image is None or tree.shown is None or not len(tree.shown):
            return
        if not self.sees_files():
            return
        stack, row = tree.shown.stack, tree.shown[tree.cursor]
        number, own = stack.source(row)
        if stack.layers[number].kind[own] == Kind.FILE:
            self.app.push_screen(SaveScreen(self.image, (number, own), stack.path(row)))
        else:
            self.notify("only files can be saved", severity="warning", timeout=3)

    def action_compare(self) -> None:
        """The two marked layers, or the marked one and that under the cursor."""
        line, image = self.line, self.image
        chosen = set(self._marked)
        if len(chosen) < 2 and line is not None and line.layer is not None:
            chosen.add(line.layer)
        if image is None or len(chosen) != 2:
            self.notify("mark a layer with m, then go to another one", timeout=4)
            return
        low, high = sorted(chosen)
        names = (f"layers 0–{low}" if low else "layer 0", f"layers 0–{high}")
        compare = partial(compare_layers, image, low, image, high)
        pair = Pair(*names, compare, partial(self.visit, high, scope=Scope.ALL))
        self.app.push_screen(CompareScreen(pair))

    def action_waste(self) -> None:
        """What costs most for nothing."""
        if self.image is None or self.reading is None:
            return
        if any(state.tally is None for state in self.reading.states.values()):
            self.notify("not all layers are read", severity="warning", timeout=3)
            return
        self.app.push_screen(WasteScreen(self.image, self.visit))

    def action_build(self) -> None:
        """The Dockerfile beside the layers that it made."""
        image = self.image
        if image is None:
            return
        from layerscope.tui.screens.build import BuildScreen

        def visit(number: int) -> None:
            self.app.pop_screen()
            self.visit_layer(number)

        self.app.push_screen(BuildScreen(lambda: image, visit, lambda: self.is_reading))

    def visit_layer(self, number: int) -> None:
        """Go to a layer's files."""
        model = self.layer_list.model
        if not isinstance(model, LayerLines):
            return
        index = next(n for n, line in enumerate(model.lines) if line.layer == number)
        self.layer_list.move_to(index)
        self._show_line(model.lines[index])
        self.set_focus(self.files.file_tree)

    def visit(self, number: int, path: bytes, scope: Scope = Scope.CHANGED) -> None:
        """Go to a path as a layer left it."""
        self.visit_layer(number)
        self.files.visit(path, scope)

    def action_back(self) -> None:
        """Out of a prompt or a filter, then of the files, of the reading, of the screen."""
        if self.files.step_back():
            return
        if self.is_reading:
            self.stop_reading()
        elif self.focused is not self.layer_list and not self.has_class("-failed"):
            self.action_switch_pane()
        else:
            super().action_back()
