"""Commands of the Images screen."""

from __future__ import annotations

from layerscope.tui.commands.command import Command

GROUP = "Images"

IMAGES = (
    Command("open_image", ("enter",), "Open", "explore the layers of the image", GROUP, True),
    Command("containers", ("C",), "Containers", "what runs, and what it writes", GROUP, True),
    Command("store", ("S",), "Store", "who shares what, and what deleting it gives back", GROUP,
            True),
    Command("filter", ("slash",), "Filter", "only images whose name, ID or source has a text",
            GROUP, True),
    Command("switch_pane", ("tab",), "Other side", "go to the other side", GROUP, True),
    Command("reload", ("r",), "Reload", "look into the store again", GROUP, True),
    Command("mark_image", ("m",), "Mark", "to compare with another; again: no longer",
            GROUP),
    Command("compare", ("c",), "Compare", "two marked images, or the marked and this one",
            GROUP),
    Command("build", ("B",), "Build", "the Dockerfile beside the layers it made", GROUP),
    Command("copy_id", ("y",), "Copy ID", "to the clipboard of your terminal", GROUP),
    Command("others", ("o",), "Other engines", "show what Docker and Podman have, or hide it",
            GROUP),
)  # fmt: skip
