"""Commands of the Compare screen."""

from __future__ import annotations

from layerscope.tui.commands.command import Command

GROUP = "Compare"

COMPARE = (
    Command("visit", ("enter",), "Go there", "to the file, in the upper of the layers",
            GROUP, True),
    Command("filter", ("slash",), "Filter", "part of a name, of a/path, or a whole *.so",
            GROUP, True),
    Command("sort", ("s",), "Sort", "by path, or by how much it grew or shrank", GROUP, True),
    Command("copy_path", ("y",), "Copy path", "to the clipboard of your terminal", GROUP, True),
)  # fmt: skip
