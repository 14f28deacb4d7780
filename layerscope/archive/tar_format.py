"""What reading and writing tars share: the block, numbers in a header, the error."""

from __future__ import annotations

from layerscope.errors import LayerscopeError

BLOCK = 512


class InvalidTar(LayerscopeError):
    """A layer's bytes are not a tar stream, or a damaged one."""


def parse_number(field: bytes) -> int | None:
    """A numeric field: octal text, or GNU base-256 where the first bit is set; None if neither."""
    if field and field[0] & 0x80:
        value = int.from_bytes(field, "big") & ((1 << (8 * len(field) - 1)) - 1)
        negative = field[0] & 0x40
        return value - (1 << (8 * len(field) - 1)) if negative else value
    text = field.partition(b"\0")[0].strip(b" ")
    if not text:
        return 0
    return int(text, 8) if text.isdigit() and b"8" not in text and b"9" not in text else None


def told(name: bytes) -> str:
    """A name for an error: in quotes, the end of it if it is long."""
    return repr(name[-200:].decode("utf-8", "backslashreplace"))
