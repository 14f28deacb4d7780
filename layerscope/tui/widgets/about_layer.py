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

    def show(self, line: LayerLine, image: OpenImage) -> None:
        """Tell of a step."""
        facts = image.facts(line.layer) if line.layer is not None else None
        first, *rest = about_layer(line, facts, max(20, self.content_size.width))
        text = Text.assemble((first, "bold"), *(f"\n{words}" for words in rest))
        self.update(text, layout=False)
