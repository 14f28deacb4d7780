"""Commands of the Containers screen."""

from __future__ import annotations

from layerscope.tui.commands.command import Command

GROUP, PANES = "Containers", "Beside the table"

CONTAINERS = (
    Command("open_container", ("enter",), "Open", "go to what the container wrote; there: open it",
            GROUP, True),
    Command("switch_pane", ("tab",), "Other side", "the table, or what is told of one container",
            GROUP, True),
    Command("sort", ("s",), "Sort", "by size, growth, virtual size, files, … in turn", GROUP, True),
    Command("filter", ("slash",), "Filter", "only containers that have a text in them", GROUP,
            True),
    Command("pane('files')", ("1",), "Files", "what the container wrote, as a tree", PANES, True),
    Command("others", ("o",), "Other engines", "show what Docker and Podman run, or hide it",
            GROUP),
    Command("start_stop", ("t",), "Start/stop", "start the container, or ask it to end", GROUP),
    Command("shell", ("e",), "Shell", "a shell in the container; leave it to come back", GROUP),
    Command("commit", ("c",), "Commit", "make its writable layer an image layer", GROUP),
    Command("remove", ("d", "delete"), "Remove", "the container and what it wrote; asks first",
            GROUP),
    Command("copy_path", ("y",), "Copy", "the path or ID, to your terminal's clipboard", GROUP),
    Command("pane('why')", ("2",), "Why", "what its size is made of, and what to do", PANES, True),
    Command("pane('feed')", ("3",), "Feed", "what happens, in words", PANES, True),
    Command("pane('growing')", ("4",), "Growing", "what grew most in the last minute", PANES, True),
    Command("pane('timeline')", ("5",), "Timeline", "its size over time; Enter: what was there",
            PANES, True),
    Command("store", ("S",), "Store", "who shares what, and what deleting it gives back", GROUP,
            True),
    Command("fold", ("space",), "Fold", "open or shut a directory", PANES),
    Command("by_size", ("b",), "Biggest first", "order the files by size, or by name", PANES),
)  # fmt: skip
