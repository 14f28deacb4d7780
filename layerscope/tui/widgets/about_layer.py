"""What is known of the layer under the cursor."""

from __future__ import annotations

from rich.text import Text
from textual.widgets import Static

from layerscope.tui.models.about_layer import about_layer
from layerscope.tui.models.layer_line import LayerLine
from layerscope.usecases.opened import OpenImage


class AboutLayer(Static):
    """A few lines below the list of layers."""

    DEFAULT_CSS = """
    AboutLayer { height: 9; max-height: 40%; padding: 0 1; border-top: solid $panel;
                 color: $text-muted; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._shown: tuple[LayerLine, OpenImage] | None = None

    def show(self, line: LayerLine, image: OpenImage) -> None:
        """Tell of a step."""
        self._shown = line, image
        self._tell()

    def on_resize(self) -> None:
        """There is another width to fill, or it is seen again."""
        self._tell()

    def _tell(self) -> None:
        if self._shown is None:
            return
        line, image = self._shown
        facts = image.facts(line.layer) if line.layer is not None else None
        first, *rest = about_layer(line, facts, max(20, self.content_size.width))
        text = Text.assemble((first, "bold"), *(f"\n{words}" for words in rest))
        self.update(text, layout=False)
