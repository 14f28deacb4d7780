"""Commands of the demo's guide."""

from __future__ import annotations

from layerscope.tui.commands.command import Command

GROUP = "The demo"

GUIDE = (
    Command(
        "toggle_captions", ("f3",), "Captions", "hide the demo's captions, or show them", GROUP
    ),
    Command("next_caption", ("f4",), "Next caption", "what else there is to look at", GROUP),
)
