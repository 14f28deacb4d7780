"""Names that are bytes, made safe to print and to put into JSON."""

from __future__ import annotations


def shown(name: bytes) -> str:
    """A name for people: bytes that aren't printable text are escaped, as in Python."""
    text = name.decode("utf-8", "backslashreplace")
    if text.isprintable() and "\\" not in text:
        return text
    return "".join(_shown(char) for char in name.decode("utf-8", "surrogateescape"))


def shown_text(text: str) -> str:
    """A text from an image for people: control characters are escaped, backslashes stay."""
    return "".join(c if c.isprintable() else _escaped(c) for c in text)


def shortened(text: str, width: int) -> str:
    """A text cut to ``width`` characters, as Docker does it."""
    return text if len(text) <= width else text[: width - 1] + "…"


def exact(name: bytes) -> str:
    """A name for programs: UTF-8, other bytes as surrogates (Python's surrogateescape)."""
    return name.decode("utf-8", "surrogateescape")


def as_bytes(text: str) -> bytes:
    """The inverse of :func:`exact`; it is also how Python gives arguments."""
    return text.encode("utf-8", "surrogateescape")


def _shown(char: str) -> str:
    if char == "\\":
        return "\\\\"
    if "\udc80" <= char <= "\udcff":
        return f"\\x{ord(char) - 0xDC00:02x}"
    return char if char.isprintable() else _escaped(char)


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode()
