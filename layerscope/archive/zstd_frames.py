"""Zstandard's framing (RFC 8878), followed without inflating.

The decompressor is happy with a stream that stops in the middle; following the frames tells a whole
one from one that was cut short, and data from what somebody appended.
"""

from __future__ import annotations

from collections.abc import Generator

from layerscope.archive.blob import BrokenBlob, ByteSource

MAGIC = b"\x28\xb5\x2f\xfd"

_RLE_BLOCK = 1
_ID_BYTES = (0, 1, 2, 4)
_SIZE_BYTES = (0, 2, 4, 8)


def is_skippable(magic: bytes) -> bool:
    """True for the first four bytes of a skippable frame, 0x184D2A50 to 0x184D2A5F."""
    return len(magic) >= 4 and magic[0] & 0xF0 == 0x50 and magic[1:4] == b"\x2a\x4d\x18"


class FrameSource:
    """The bytes of ``raw``, each looked at before it is handed on.

    ``read`` raises BrokenBlob where a frame is cut short or where, between frames, something
    stands that is no frame.
    """

    def __init__(self, raw: ByteSource) -> None:
        self._raw = raw
        self._grammar = self._frames()
        self._between_frames = True
        self._skip = 0
        self._wanted = next(self._grammar)
        self._head = b""

    def read(self, size: int) -> bytes:
        """Up to ``size`` bytes; none at the end."""
        data = self._raw.read(size)
        if data:
            self._follow(data)
        elif self._skip or self._head or not self._between_frames:
            raise BrokenBlob("zstd data", "it ends in the middle of a frame")
        return data

    def _follow(self, data: bytes) -> None:
        position, end = 0, len(data)
        while position < end:
            if self._skip:
                step = min(self._skip, end - position)
                self._skip -= step
            else:
                step = min(self._wanted - len(self._head), end - position)
                self._head += data[position : position + step]
                if len(self._head) == self._wanted:
                    head, self._head = self._head, b""
                    self._wanted = self._grammar.send(head)
            position += step

    def _frames(self) -> Generator[int, bytes, None]:
        """Says how many bytes it must see next, once ``_skip`` more have gone by."""
        while True:
            self._between_frames = True
            magic = yield 4
            self._between_frames = False
            if is_skippable(magic):
                self._skip = int.from_bytes((yield 4), "little")
            elif magic == MAGIC:
                yield from self._data_frame()
            else:
                raise BrokenBlob("zstd data", "there is something else after its last frame")

    def _data_frame(self) -> Generator[int, bytes, None]:
        descriptor = (yield 1)[0]
        one_segment = descriptor >> 5 & 1
        size_bytes = _SIZE_BYTES[descriptor >> 6] or one_segment
        self._skip = (1 - one_segment) + _ID_BYTES[descriptor & 3] + size_bytes
        last = 0
        while not last:
            block = int.from_bytes((yield 3), "little")
            last = block & 1
            self._skip = 1 if block >> 1 & 3 == _RLE_BLOCK else block >> 3
        if descriptor >> 2 & 1:
            # The checksum: seen here rather than skipped, so that the frame ends behind it.
            yield 4
