"""Signals: their names, and what they do for as long as a block runs."""

from __future__ import annotations

import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

from layerscope.errors import LayerscopeError

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def signal_number(text: str) -> int:
    """The number of ``SIGTERM``, ``TERM``, ``RTMIN+3`` or ``15``. Raises LayerscopeError."""
    is_number = text.isascii() and text.isdigit()
    number = int(text[:9]) if is_number else _numbers().get(text.upper().removeprefix("SIG"))
    if number not in signal.valid_signals():
        raise LayerscopeError(f"signal {text!r}", "there is none of that name")
    return number


def _numbers() -> dict[str, int]:
    """Of all names without ``SIG``; those of the real-time signals as signal(7) writes them."""
    numbers = {
        name.removeprefix("SIG"): int(one) for name, one in signal.Signals.__members__.items()
    }
    if "RTMIN" in numbers:
        first, last = numbers["RTMIN"], numbers["RTMAX"]
        for distance in range(1, last - first):
            numbers[f"RTMIN+{distance}"] = first + distance
            numbers[f"RTMAX-{distance}"] = last - distance
    return numbers


@contextmanager
def handlers_kept(numbers: Iterable[int]) -> Iterator[None]:
    """Whatever the block makes of these signals, after it they do what they did before."""
    before = {number: signal.getsignal(number) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            if handler is not None and handler is not signal.getsignal(number):
                signal.signal(number, handler)


def heeded(numbers: Iterable[int]) -> list[int]:
    """Those of the signals that this process was not started to ignore, as by nohup."""
    return [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]


@contextmanager
def ending_by_exit(numbers: Iterable[int] = ENDING) -> Iterator[None]:
    """The signals that end a program raise SystemExit in the block, so that it can tidy up; after
    it every signal does what it did before, whoever took it meanwhile."""
    with handlers_kept(signal.valid_signals()):
        for number in heeded(numbers):
            signal.signal(number, leave)
        yield


def leave(number: int, _: FrameType | None) -> NoReturn:
    """Raise SystemExit for a signal. It comes once: shells and terminals that close say it again,
    and that must not end the tidying up."""
    signal.signal(number, _said_again)
    raise SystemExit(128 + number)


def _said_again(number: int, _: FrameType | None) -> None:
    """Unlike ignoring it, this is not passed on to programs that are started."""
