"""Commands where one of several images is chosen."""

from __future__ import annotations

from layerscope.tui.commands.command import Command

CHOOSE = (
    Command("open_image", ("enter",), "Open", "explore the layers of the image", "Images", True),
)
