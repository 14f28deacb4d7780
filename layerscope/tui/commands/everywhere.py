"""Commands that every screen has."""

from __future__ import annotations

from layerscope.tui.commands.command import Command

GROUP = "Everywhere"

BACK = Command(
    "back", ("escape",), "Back", "leave the screen, the filter or the work at hand", GROUP
)

PALETTE = Command("palette", ("ctrl+p",), "Palette", "find a command by its name", GROUP, True)

EVERYWHERE = (
    Command("help", ("question_mark", "f1"), "Help", "every key and what it does", GROUP, True),
    PALETTE,
    BACK,
    Command("quit", ("q",), "Quit", "leave layerscope", GROUP, True),
    Command(
        "quit",
        ("ctrl+c",),
        "Quit at once",
        "leave layerscope, from a prompt too",
        GROUP,
        urgent=True,
    ),
    Command(
        "suspend",
        ("ctrl+z",),
        "Suspend",
        "stop layerscope; 'fg' brings it back",
        GROUP,
        urgent=True,
    ),
    Command("next_theme", ("f2",), "Next theme", "dark, light, high contrast, colour-blind", GROUP),
)

ROWS_GROUP = "Moving"

ROWS = (
    Command("cursor_up", ("up", "k"), "Up", "one line up", ROWS_GROUP),
    Command("cursor_down", ("down", "j"), "Down", "one line down", ROWS_GROUP),
    Command("page_up", ("pageup", "ctrl+b"), "Page up", "one page up", ROWS_GROUP),
    Command("page_down", ("pagedown", "ctrl+f"), "Page down", "one page down", ROWS_GROUP),
    Command("first", ("home", "g"), "First", "the first line", ROWS_GROUP),
    Command("last", ("end", "G"), "Last", "the last line", ROWS_GROUP),
)

# What opening a row means each screen says in a command of its own.
OPEN = Command("open", ("enter",), "Open", "open what is under the cursor", ROWS_GROUP)

# Moving in a list while the keys go to a prompt above it.
PALETTE_ROWS = tuple(
    Command(f"move('{command.id}')", command.keys[:1], command.words, command.help, ROWS_GROUP)
    for command in ROWS
    if command.id in ("cursor_up", "cursor_down", "page_up", "page_down")
)
