"""What a key costs in the explorer: time until the screen has settled, bytes to the terminal."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from tempfile import TemporaryDirectory

from tests.bench import dive
from tests.bench.bench_explorer import explorer, wait_until_usable
from tests.bench.inputs import Inputs
from tests.bench.table import Row, percentile
from tests.support.pty import Burst, Terminal

_UP, _DOWN, _PAGE_UP, _PAGE_DOWN = "\x1b[A", "\x1b[B", "\x1b[5~", "\x1b[6~"
_TAB, _EXPAND_ALL, _FOLD = "\t", "+", " "
_LAYER_ABOVE, _LAYER_BELOW = "]", "["
_TIMES = 40


def rows(inputs: Inputs, runs: int) -> Iterator[Row]:
    """Keys on *big* and *wide* after a first look; milliseconds and bytes."""
    with TemporaryDirectory() as store, explorer(inputs.big, store) as terminal:
        wait_until_usable(terminal)
        peer = _dive_next_layer(inputs)
        yield _median("big: next layer", _pressed(terminal, _next_layers(7)), 30, peer)
        _open_all_files(terminal)
        yield from _moves("big, all open", terminal)
    with TemporaryDirectory() as store, explorer(inputs.wide, store) as terminal:
        wait_until_usable(terminal)
        yield _median("wide: next layer", _pressed(terminal, _next_layers(1)), 60)
        _open_all_files(terminal)
        yield from _moves("wide, all open", terminal)
        yield _p95("wide, all open: fold", _pressed(terminal, [_FOLD] * _TIMES), 15)


def _next_layers(steps: int) -> list[str]:
    """Up through ``steps`` layers and down again, at least so many times."""
    return ([_LAYER_ABOVE] * steps + [_LAYER_BELOW] * steps) * max(1, _TIMES // (2 * steps))


def _open_all_files(terminal: Terminal) -> None:
    terminal.press(_TAB)
    terminal.press(_EXPAND_ALL, patience=5.0)


def _moves(name: str, terminal: Terminal) -> Iterator[Row]:
    cursor = _pressed(terminal, [_DOWN] * _TIMES + [_UP] * _TIMES)
    yield _p95(f"{name}: cursor", cursor, 15)
    yield _bytes(f"{name}: cursor", cursor, 600)
    page = _pressed(terminal, [_PAGE_DOWN] * _TIMES + [_PAGE_UP] * _TIMES)
    yield _p95(f"{name}: page", page, 15)
    yield _bytes(f"{name}: page", page, 5000)


def _pressed(terminal: Terminal, keys: Sequence[str]) -> list[Burst]:
    bursts = (terminal.press(key, quiet=0.12, patience=0.5) for key in keys)
    return [burst for burst in bursts if burst.size]


def _dive_next_layer(inputs: Inputs) -> str:
    terminal = dive.start(inputs.big)
    if terminal is None:
        return ""
    with terminal:
        terminal.wait_for("Current Layer Contents", 300.0)
        terminal.settle()
        bursts = [terminal.press(_DOWN, quiet=1.0, patience=15.0) for _ in range(5)]
    times = [burst.last for burst in bursts if burst.last is not None]
    return f"dive {statistics.median(times) * 1e3:,.0f} ms" if times else ""


def _median(what: str, bursts: list[Burst], limit: float, peers: str = "") -> Row:
    return Row(what, statistics.median(_milliseconds(bursts)), "ms", limit, peers)


def _p95(what: str, bursts: list[Burst], limit: float) -> Row:
    return Row(f"{what}, p95", percentile(_milliseconds(bursts), 95), "ms", limit)


def _bytes(what: str, bursts: list[Burst], limit: float) -> Row:
    return Row(f"{what}, bytes sent", statistics.median(b.size for b in bursts), "B", limit)


def _milliseconds(bursts: list[Burst]) -> list[float]:
    return [burst.last * 1e3 for burst in bursts if burst.last is not None]
