"""Commands of the Store screen."""

from __future__ import annotations

from layerscope.tui.commands.command import Command

GROUP = "Store"

STORE = (
    Command("open_item", ("enter",), "Open", "an image's layers; of a container or volume, who "
            "uses it", GROUP, True),
    Command("mark", ("space",), "Mark", "to be deleted, or no longer; the line below says what "
            "all marked ones give back", GROUP, True),
    Command("delete", ("d", "delete"), "Delete", "what is marked, or this; asks", GROUP, True),
    Command("prune", ("p",), "Prune", "remove what nothing refers to; shows the list first", GROUP,
            True),
    Command("switch_pane", ("tab",), "Other side", "the list, or who shares what is in it", GROUP,
            True),
    Command("reload", ("r",), "Reload", "look into the store again", GROUP),
    Command("unmark_all", ("u",), "Unmark all", "nothing is to be deleted", GROUP),
    Command("copy_id", ("y",), "Copy ID", "to the clipboard of your terminal", GROUP),
)  # fmt: skip

PRUNE = (
    Command("leave_out", ("space",), "Leave out", "or take in again", GROUP),
    Command("remove", ("y",), "Remove", "what is marked", GROUP),
    Command("back", ("n",), "Leave it", "remove nothing", GROUP),
)
