"""The explorer's themes; no meaning hangs on a colour alone in any of them."""

from __future__ import annotations

from textual.theme import Theme

DARK, LIGHT = "dark", "light"
HIGH_CONTRAST, COLOUR_BLIND = "high-contrast", "colour-blind"

# Colours of the 256 that every terminal over SSH has, so that none is approximated.
THEMES = (
    Theme(
        name=DARK,
        primary="#5fafff",
        secondary="#87afaf",
        accent="#d7af5f",
        success="#87d787",
        warning="#ffd75f",
        error="#ff8787",
        foreground="#d0d0d0",
        background="#121212",
        surface="#1c1c1c",
        panel="#262626",
        dark=True,
    ),
    Theme(
        name=LIGHT,
        primary="#005faf",
        secondary="#5f5f87",
        accent="#875f00",
        success="#005f00",
        warning="#875f00",
        error="#af0000",
        foreground="#1c1c1c",
        background="#ffffff",
        surface="#eeeeee",
        panel="#e4e4e4",
        dark=False,
    ),
    Theme(
        name=HIGH_CONTRAST,
        primary="#00ffff",
        secondary="#ffffff",
        accent="#ffff00",
        success="#00ff00",
        warning="#ffff00",
        error="#ff5f5f",
        foreground="#ffffff",
        background="#000000",
        surface="#000000",
        panel="#1c1c1c",
        dark=True,
    ),
    # Blue, orange and yellow tell apart for red-green and most blue-yellow blindness (Okabe, Ito).
    Theme(
        name=COLOUR_BLIND,
        primary="#5fafff",
        secondary="#afafaf",
        accent="#ffd75f",
        success="#5fafff",
        warning="#ffd75f",
        error="#ff8700",
        foreground="#dadada",
        background="#121212",
        surface="#1c1c1c",
        panel="#262626",
        dark=True,
    ),
)
NAMES = tuple(theme.name for theme in THEMES)
