"""Names and texts from images, safe for the terminal and as wide as they say."""

from __future__ import annotations

from rich.cells import cell_len, set_cell_size

ELLIPSIS = "…"


def safe_name(name: bytes) -> str:
    """A name for the screen: what isn't printable UTF-8 is escaped, so nothing reaches the
    terminal but text."""
    text = name.decode("utf-8", "surrogateescape")
    return text if text.isprintable() else "".join(_safe(char) for char in text)


def safe_text(text: str) -> str:
    """A text from an image for the screen: control characters are escaped."""
    return text if text.isprintable() else "".join(_safe(char) for char in text)


def fit(text: str, width: int) -> str:
    """``text`` in exactly ``width`` cells: padded, or cut with an ellipsis at its end."""
    length = cell_len(text)
    if length <= width:
        return text + " " * (width - length)
    return set_cell_size(text, width - 1) + ELLIPSIS if width > 0 else ""


def fit_left(text: str, width: int) -> str:
    """As :func:`fit`, aligned to the right; a number too long is cut at its start."""
    length = cell_len(text)
    if length <= width:
        return " " * (width - length) + text
    return ELLIPSIS + text[-(width - 1) :] if width > 1 else ELLIPSIS[:width]


def _safe(char: str) -> str:
    if "\udc80" <= char <= "\udcff":
        return f"\\x{ord(char) - 0xDC00:02x}"
    return char if char.isprintable() else char.encode("unicode_escape").decode()
