"""Commands of the Build screen."""

from __future__ import annotations

from layerscope.tui.commands.command import Command

GROUP = "Build"

BUILD = (
    Command("visit", ("enter",), "Files", "what the step under the cursor left, in the Layers "
            "screen", GROUP, True),
    Command("switch_pane", ("tab",), "Other side", "the steps, or the Dockerfile", GROUP, True),
    Command("filter", ("slash",), "Filter", "only steps that have a text in them", GROUP, True),
    Command("to_right", ("right", "l"), "Right", "what long lines of the Dockerfile have to the "
            "right", GROUP),
    Command("to_left", ("left", "h"), "Left", "back to the start of long lines", GROUP),
    Command("copy_step", ("y",), "Copy", "the instruction, to your terminal's clipboard", GROUP),
)  # fmt: skip
