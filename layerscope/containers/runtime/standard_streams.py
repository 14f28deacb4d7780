"""The standard streams of a program in a container: its ends, and ours."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from layerscope.containers.runtime.streams import Stream


class StandardStreams:
    """This process's own; a pipe instead of each that is a terminal, which is nobody else's: its
    keys could be read, and other programs'. None if the program has a terminal of its own.

    ``theirs`` are the program's ends; ``outputs`` are ours, what they are and where they go.
    """

    def __init__(
        self, tty: bool, stdin: bool, *, logged: bool = False, held_open: bool = False
    ) -> None:
        """Without ``stdin`` there is no input; with ``held_open`` no end of it either. With
        ``logged`` all output comes through pipes."""
        self.outputs: list[tuple[int, str, int]] = []
        self._logged = logged
        self._opened: list[int] = []
        self._theirs: list[int] = []
        self._input: list[int] = []
        self._typed = stdin and not tty and os.isatty(0)
        source = 0 if stdin and not tty else self._nowhere()
        if self._typed or (held_open and not stdin and not tty):
            source, ours = os.pipe()
            self._theirs.append(source)
            self._input.append(ours)
        if tty:
            nowhere = self._nowhere()
            self.theirs = (source, nowhere, nowhere)
        else:
            self.theirs = (source, self._output("stdout", 1), self._output("stderr", 2))

    def typed(self, terminal: int | None) -> Stream | None:
        """What is typed here, on its way to the program or to its ``terminal``, if it gets it."""
        from layerscope.containers.runtime.streams import Stream

        if terminal is not None:
            os.set_blocking(terminal, False)
            return Stream(0, terminal, at_end=lambda: _end_input(terminal))
        if self._typed:
            os.set_blocking(self._input[0], False)
            return Stream(0, self._input[0], at_end=lambda: _close(self._input))
        return None

    def close_theirs(self) -> None:
        """Close what the container has now."""
        _close(self._theirs)

    def close(self) -> None:
        """Close what is open still."""
        for descriptors in (self._theirs, self._opened, self._input):
            _close(descriptors)

    def _nowhere(self) -> int:
        self._theirs.append(os.open(os.devnull, os.O_RDWR))
        return self._theirs[-1]

    def _output(self, stream: str, echo: int) -> int:
        if not self._logged and not os.isatty(echo):
            return echo
        ours, theirs = os.pipe()
        self.outputs.append((ours, stream, echo))
        self._opened.append(ours)
        self._theirs.append(theirs)
        return theirs


def _end_input(terminal: int) -> None:
    with suppress(OSError):
        os.write(terminal, b"\x04")


def _close(descriptors: list[int]) -> None:
    while descriptors:
        os.close(descriptors.pop())
