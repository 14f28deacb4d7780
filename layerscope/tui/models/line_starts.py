"""Where the lines of a text start, learnt while it is read from its start to its end."""

from __future__ import annotations

from array import array

import numpy as np
import numpy.typing as npt

Offsets = npt.NDArray[np.int64]

EVERY = 64
LONGEST = 2048


class LineStarts:
    """Lines end at a newline; one of more than LONGEST bytes is shown as several.

    Only every EVERY-th start is kept: the rest is found again by :func:`split`.
    """

    def __init__(self) -> None:
        self.count = 0
        self._kept = array("Q")
        self._start = 0
        self._fed = 0

    @property
    def fed(self) -> int:
        """How many bytes of the text were seen."""
        return self._fed

    def feed(self, data: bytes) -> None:
        """Go on with the next bytes of the text."""
        breaks = np.flatnonzero(np.frombuffer(data, np.uint8) == 0x0A) + self._fed + 1
        self._fed += len(data)
        starts = np.concatenate(([self._start], breaks)).astype(np.int64)
        if int(np.diff(np.append(starts, self._fed)).max()) > LONGEST:
            starts = _broken(starts, self._fed)
        self._add(starts[:-1])
        self._start = int(starts[-1])

    def finish(self) -> None:
        """The text has ended; what stands behind the last newline is a line, too."""
        if self._start < self._fed:
            self._add(np.array([self._start]))
            self._start = self._fed

    def block(self, line: int) -> tuple[int, int, int]:
        """(first line, offset, end) of the lines that are found from one kept start."""
        place = max(0, min(line // EVERY, len(self._kept) - 1))
        offset = self._kept[place] if self._kept else 0
        end = self._kept[place + 1] if place + 1 < len(self._kept) else self._start
        return place * EVERY, offset, end

    def _add(self, starts: Offsets) -> None:
        self._kept.extend(starts[-self.count % EVERY :: EVERY].tolist())
        self.count += len(starts)


def _broken(starts: Offsets, end: int) -> Offsets:
    """The starts with more of them wherever a line is too long."""
    sizes = np.diff(np.append(starts, end))
    pieces = np.maximum(1, -(-sizes // LONGEST))
    nth = np.arange(int(pieces.sum())) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    broken: Offsets = np.repeat(starts, pieces) + nth * LONGEST
    return broken


def split(data: bytes) -> list[bytes]:
    """The lines of a part of the text that begins with one, by the same rules; with newlines."""
    whole = [line + b"\n" for line in data.split(b"\n")]
    whole[-1] = whole[-1][:-1]
    return [line[at : at + LONGEST] for line in whole for at in range(0, len(line), LONGEST)]
