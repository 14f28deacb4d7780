"""Commands of the Waste screen."""

from __future__ import annotations

from layerscope.tui.commands.command import Command

GROUP = "Waste"

WASTE = (
    Command("visit", ("enter",), "Go there", "to the file, in the layer it was lost in",
            GROUP, True),
    Command("copy_path", ("y",), "Copy path", "to the clipboard of your terminal", GROUP, True),
)  # fmt: skip
