"""Commands of a container's file."""

from __future__ import annotations

from layerscope.tui.commands.command import Command

GROUP = "File"

WRITTEN_FILE = (
    Command("differences", ("d",), "Differences", "what differs from the image's, or both again",
            GROUP, True),
    Command("switch_pane", ("tab",), "Other version", "as it is now, or as the image has it",
            GROUP, True),
    Command("toggle_bytes", ("x",), "Bytes", "lines, or bytes", GROUP, True),
    Command("copy_path", ("y",), "Copy path", "to the clipboard of your terminal", GROUP),
)  # fmt: skip
