"""A row of a hex dump: offset, bytes, and what of them is printable ASCII."""

from __future__ import annotations

from collections.abc import Sequence

from layerscope.tui.models.pages import Pages

Span = tuple[str, str]


def row_bytes(width: int) -> int:
    """How many bytes a row of ``width`` cells has room for: 8, 16 or 32."""
    return next((count for count in (32, 16) if _cells(count) <= width), 8)


def hex_row(offset: int, data: bytes, count: int) -> tuple[str, str, str]:
    """(offset, bytes in groups of eight, ASCII with dots); short rows are filled with blanks."""
    groups = [data[at : at + 8].hex(" ") for at in range(0, len(data), 8)]
    shown = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in data)
    return f"{offset:08x}", "  ".join(groups).ljust(count * 3 + count // 8 - 2), shown


def _cells(count: int) -> int:
    return 8 + 1 + (count * 3 + count // 8 - 2) + 1 + count


class HexLines:
    """The bytes of a file, ``count`` in a row."""

    def __init__(self, pages: Pages, count: int) -> None:
        self.count = count
        self._pages = pages

    def __len__(self) -> int:
        return -(-self._pages.size // self.count)

    def spans(self, index: int, width: int) -> Sequence[Span]:
        """A row; dots while its bytes aren't there."""
        offset = index * self.count
        data = self._pages.read(offset, self.count)
        if data is None:
            return [(f"{offset:08x} ", "dim"), ("…", "dim")]
        place, digits, shown = hex_row(offset, data, self.count)
        return [(f"{place} ", "dim"), (f"{digits} ", ""), (shown, "accent")]
