"""What a container wrote to its standard output and error, kept in a file beside its layers.

A line of the file is a line of the output, in the form of Docker's ``json-file``:
``{"log": "…\\n", "stream": "stdout", "time": "…"}``. A file that reaches its limit makes room for a
new one; so many are kept.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Callable, Iterator
from io import FileIO
from json.encoder import encode_basestring
from pathlib import Path
from typing import NamedTuple

from layerscope.units import now_text

LIMIT = 10 << 20  # bytes of one file
KEPT = 3
# A line that is longer is kept in pieces, as Docker does.
_LONGEST = 16 << 10
# Marks between records: surrogates, which no text has that was decoded.
_LINE, _CUT, _MARKS = "\ud800", "\ud801", "surrogatepass"
_LOOK = 0.1  # seconds between two looks for more


class Written(NamedTuple):
    """A line, or a piece of a long one. ``time`` is RFC 3339."""

    text: str
    stream: str
    time: str


class LogWriter:
    """Appends to a log."""

    def __init__(self, path: Path, limit: int = LIMIT, kept: int = KEPT) -> None:
        """Raises OSError."""
        self._path = path
        self._limit = limit
        self._kept = kept
        self._rest: dict[str, bytes] = {}
        self._file = path.open("ab", buffering=0)

    def write(self, stream: str, data: bytes) -> None:
        """Take output as it comes. Raises OSError."""
        data = self._rest.pop(stream, b"") + data
        end = data.rfind(b"\n") + 1
        if len(data) - end >= _LONGEST:
            end = len(data)
        self._rest[stream] = data[end:]
        self._append(stream, data[:end])

    def close(self) -> None:
        """Write what never got its end of line; to do it again does nothing."""
        with contextlib.suppress(OSError):  # a full disk must not hide that it has ended
            for stream, rest in self._rest.items():
                self._append(stream, rest)
        self._rest.clear()
        self._file.close()

    def _append(self, stream: str, data: bytes) -> None:
        if not data:
            return
        self._file.write(_records(stream, data.decode("utf-8", "replace")))
        if self._file.tell() >= self._limit:
            self._rotate()

    def _rotate(self) -> None:
        self._file.close()
        for number in range(self._kept - 1, 0, -1):
            older = files(self._path)[number]
            newer = files(self._path)[number - 1]
            if newer.exists():
                os.replace(newer, older)
        self._file = self._path.open("ab", buffering=0)


def _records(stream: str, text: str) -> bytes:
    """A record a line of ``text``, all made in one go: a program may write millions a second."""
    lines = text.split("\n")
    if max(map(len, lines)) > _LONGEST:
        lines = [_CUT.join(_pieces(line)) for line in lines]
    last = b"" if lines[-1] else b"\\n"
    if last:
        lines.pop()
    begin = b'{"log": "'
    end = f'", "stream": "{stream}", "time": "{now_text()}"}}\n'.encode()
    quoted = encode_basestring(_LINE.join(lines))[1:-1].encode("utf-8", _MARKS)
    for mark, between in ((_LINE, b"\\n" + end + begin), (_CUT, end + begin)):
        quoted = quoted.replace(mark.encode("utf-8", _MARKS), between)
    return begin + quoted + last + end


def _pieces(line: str) -> Iterator[str]:
    return (line[at : at + _LONGEST] for at in range(0, len(line), _LONGEST))


def files(path: Path) -> list[Path]:
    """The files that a log may be in, the latest first."""
    return [path, *(path.with_name(f"{path.name}.{number}") for number in range(1, KEPT))]


def read_log(path: Path, running: Callable[[], bool] | None = None) -> Iterator[Written]:
    """The lines from the first that is kept; with ``running`` those to come as well, until it says
    no. Damaged lines are left out. Raises OSError."""
    for older in reversed(files(path)[1:]):
        if older.exists():
            yield from _parsed(older.read_bytes().split(b"\n"))
    reader = _Reader(path)
    try:
        while True:
            last = running is None or not running()
            yield from reader.new_lines()
            if last:
                return
            time.sleep(_LOOK)
    finally:
        reader.close()


class _Reader:
    """Goes on in the new file when the one that it reads has made room for it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: FileIO | None = None
        self._rest = b""

    def new_lines(self) -> Iterator[Written]:
        """What has come since the last call."""
        while True:
            is_last = self._file is None or self._is_current(self._file)
            if self._file is not None:
                *lines, self._rest = (self._rest + self._file.readall()).split(b"\n")
                yield from _parsed(lines)
                if is_last:
                    return
                self.close()
            try:
                self._file = FileIO(self._path)
            except FileNotFoundError:
                return

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()
        self._file, self._rest = None, b""

    def _is_current(self, file: FileIO) -> bool:
        try:
            return os.path.samestat(os.fstat(file.fileno()), self._path.stat())
        except FileNotFoundError:
            return True


def _parsed(lines: list[bytes]) -> Iterator[Written]:
    for line in lines:
        try:
            entry = json.loads(line)
            yield Written(entry["log"], entry["stream"], entry["time"])
        except (ValueError, KeyError, TypeError):
            continue
