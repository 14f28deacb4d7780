"""Names and texts from images, safe for the terminal and as wide as they say."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size

ELLIPSIS = "…"
_WIDENING = "\ufe0f"


def safe_name(name: bytes) -> str:
    """A name for the screen: what isn't printable UTF-8 is escaped, so nothing reaches the
    terminal but text."""
    text = name.decode("utf-8", "surrogateescape")
    return text if _is_safe(text) else "".join(_safe(char) for char in text)


def safe_text(text: str) -> str:
    """A text from an image for the screen: control characters are escaped."""
    return text if _is_safe(text) else "".join(_safe(char) for char in text)


def fit(text: str, width: int) -> str:
    """``text`` in exactly ``width`` cells: padded, or cut with an ellipsis at its end."""
    length = cell_len(text)
    if length <= width:
        return text + " " * (width - length)
    return set_cell_size(text, width - 1) + ELLIPSIS if width > 0 else ""


def fit_left(text: str, width: int) -> str:
    """As :func:`fit`, aligned to the right; what is too long is cut at its start."""
    length = cell_len(text)
    if length <= width:
        return " " * (width - length) + text
    rest = text[-width:] if width > 0 else ""
    while rest and cell_len(rest) >= width:
        rest = rest[1:]
    return (ELLIPSIS + rest + " " * (width - 1 - cell_len(rest)))[:width]


def _is_safe(text: str) -> bool:
    """Terminals don't agree on how wide an emoji is with the selector that makes it wide."""
    return text.isprintable() and _WIDENING not in text


def fit_end(text: str, width: int) -> str:
    """As :func:`fit`, but a text too long is cut at its start: of a path the end tells most."""
    return fit(text, width) if cell_len(text) <= width else fit_left(text, width)


def cut(spans: Sequence[tuple[str, str]], width: int) -> list[tuple[str, str]]:
    """Texts with the roles of their styles, those that don't fit into ``width`` cells cut."""
    found, left = [], width
    for text, role in spans:
        length = cell_len(text)
        found.append((fit(text, left) if length > left else text, role))
        left = max(0, left - length)
    return found


def _safe(char: str) -> str:
    if "\udc80" <= char <= "\udcff":
        return f"\\x{ord(char) - 0xDC00:02x}"
    return char if _is_safe(char) else char.encode("unicode_escape").decode()
