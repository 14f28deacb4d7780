"""The explorer on large images, through a real pseudo-terminal: time, memory, bytes sent."""

from __future__ import annotations

import re
import statistics
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench import dive
from tests.bench.compiled import COMPILED
from tests.bench.inputs import Inputs
from tests.bench.memory import PeakMemory
from tests.bench.table import Row
from tests.support.pty import Terminal

_TOP = Path(__file__).parents[2]
_QUIET = 0.5
_GIVES_UP = 300.0
# A layer's line, as long as its size is not known.
_UNREAD = re.compile(r"^ +\d+ +(…|\d+%) ", re.MULTILINE)
_MEGABYTE = 1e6


@dataclass(frozen=True)
class _Limits:
    """Seconds until it is usable, and bytes of memory."""

    first: float | None
    memory: float | None
    second: float = 0.6


@dataclass(frozen=True)
class _Look:
    """Seconds to the first frame and until all is read and drawn; bytes of memory at most."""

    first_frame: float
    usable: float
    memory: int


def rows(inputs: Inputs, runs: int) -> Iterator[Row]:
    """First and second looks at each image."""
    images = {
        "big docker-archive": (inputs.big, _Limits(2.0, 250)),
        "big gzip oci-archive": (inputs.big_gzip, _Limits(3.5, None)),
        "big zstd oci-archive": (inputs.big_zstd, _Limits(None, None)),
        "wide docker-archive": (inputs.wide, _Limits(4.0, 450)),
    }
    for name, (file, limits) in images.items():
        yield from _looks(name, file, limits, runs)


def _looks(name: str, file: Path, limits: _Limits, runs: int) -> Iterator[Row]:
    first, second = [], []
    _warm(file)
    for _ in range(runs):
        with TemporaryDirectory() as store:
            first.append(_look(file, store))
            second.append(_look(file, store))
    peer = dive.look(file)
    took = str(peer) if peer else ""
    held = f"dive {peer.memory / _MEGABYTE:,.0f} MB" if peer else ""
    usable = statistics.median(look.usable for look in first)
    yield Row(f"{name}: first look", usable, "s", limits.first, took)
    memory = statistics.median(look.memory for look in first) / _MEGABYTE
    yield Row(f"{name}: memory", memory, "MB", limits.memory, held)
    frame = max(look.first_frame for look in (*first, *second))
    yield Row(f"{name}: first frame, the slowest", frame, "s", 0.3)
    again = statistics.median(look.usable for look in second)
    yield Row(f"{name}: second look", again, "s", limits.second)


def explorer(file: Path, store: str) -> Terminal:
    """The explorer on an image."""
    return Terminal(
        [sys.executable, "-m", "layerscope", str(file)],
        environment=COMPILED | {"LAYERSCOPE_ROOT": store, "COLORTERM": "truecolor"},
        cwd=_TOP,
    )


def _look(file: Path, store: str) -> _Look:
    with explorer(file, store) as terminal, PeakMemory(terminal.process.pid) as memory:
        frame = terminal.wait_for(lambda text: bool(text.strip()))
        usable = wait_until_usable(terminal)
    return _Look(frame, usable, memory.peak)


def wait_until_usable(terminal: Terminal) -> float:
    """Seconds from the start until every layer is read and the screen is drawn."""
    terminal.wait_for(_is_read, _GIVES_UP)
    before = terminal.elapsed
    burst = terminal.settle(_QUIET)
    return before + (burst.last or 0.0)


def _is_read(text: str) -> bool:
    footer, title = "Help" in text, text.partition("\n")[0]
    return footer and "reading" not in title and not _UNREAD.search(text)


def _warm(file: Path) -> None:
    """Read the file once, so that every look finds it in memory."""
    with file.open("rb") as stream:
        while stream.read(1 << 24):
            pass
