"""What was read of a file so far, in pages: a big file is never in memory as a whole."""

from __future__ import annotations

from collections import OrderedDict

PAGE = 1 << 16
KEPT = 64


class Pages:
    """The latest pages of a file of ``size`` bytes; the one used longest ago goes first.

    ``wanted`` are the pages that somebody asked for in vain.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.wanted: set[int] = set()
        self._pages: OrderedDict[int, bytes] = OrderedDict()

    def put(self, number: int, data: bytes) -> None:
        """Keep page ``number``, which starts at ``number * PAGE``."""
        self._pages[number] = data
        self.wanted.discard(number)
        self._pages.move_to_end(number)
        while len(self._pages) > KEPT:
            self._pages.popitem(last=False)

    def read(self, offset: int, size: int) -> bytes | None:
        """The bytes, fewer at the end of the file; None while some of them are missing."""
        numbers = self._numbers(offset, size)
        missing = [number for number in numbers if number not in self._pages]
        if missing:
            self.wanted.update(missing)
            return None
        for number in numbers:
            self._pages.move_to_end(number)
        whole = b"".join(self._pages[number] for number in numbers)
        skip = offset - numbers.start * PAGE
        return whole[skip : skip + size]

    def _numbers(self, offset: int, size: int) -> range:
        end = min(offset + size, self.size)
        return range(offset // PAGE, -(-end // PAGE)) if offset < end else range(0)
