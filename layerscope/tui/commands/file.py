"""Commands of the File screen."""

from __future__ import annotations

from layerscope.tui.commands.command import Command

GROUP = "File"

FILE = (
    Command("switch_pane", ("tab",), "Other side", "content, or layers and facts", GROUP, True),
    Command("toggle_bytes", ("x",), "Text/bytes", "as lines of text or as bytes in hex", GROUP,
            True),
    Command("to_right", ("right", "l"), "Right", "what long lines have to the right",
            GROUP),
    Command("to_left", ("left", "h"), "Left", "back to the start of long lines", GROUP),
    Command("layer_below", ("left_square_bracket",), "Older", "the file as the layer before "
            "left it", GROUP, True),
    Command("layer_above", ("right_square_bracket",), "Newer", "the file as the next layer "
            "left it", GROUP, True),
    Command("copy_path", ("y",), "Copy path", "to the clipboard of your terminal", GROUP, True),
    Command("save_file", ("S",), "Save", "write the file to this machine's disk", GROUP, True),
)  # fmt: skip
