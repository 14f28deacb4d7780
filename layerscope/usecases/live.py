"""The process that watches containers for the explorer: ``python -m layerscope.usecases.live``.

What it is asked and what it says is in :mod:`layerscope.usecases.live_lines`. It ends when its
standard input does: nobody is left to watch for.
"""

from __future__ import annotations

import json
import os
import select
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from layerscope.errors import LayerscopeError
from layerscope.usecases.live_lines import (
    At,
    BadLine,
    Close,
    Event,
    Failed,
    Open,
    Others,
    Request,
    from_line,
    to_line,
)

if TYPE_CHECKING:
    from layerscope.usecases.live_containers import LiveContainers

_NICE = 5  # on a busy machine keys are answered first, then figures brought up to date


def main() -> int:
    """Serve until standard input ends; the exit code is that of the error, if there was one."""
    requests = _Requests(0)
    first = json.loads(requests.first_line() or b"{}")
    if not first:
        return 0
    os.nice(_NICE)
    try:
        _serve(str(first["root"]), bool(first.get("others")), requests)
    except BrokenPipeError:
        return 0
    except LayerscopeError as error:
        _say([Failed(error.what, error.why, error.hint)])
        return error.exit_code
    return 0


class _Requests:
    """The lines of a descriptor, as they come; ``over`` when there will be no more."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self.over = False
        self._rest = b""

    def first_line(self) -> bytes:
        """Waits for it; empty if there is none."""
        while b"\n" not in self._rest and not self.over:
            self._read()
        line, _, self._rest = self._rest.partition(b"\n")
        return line

    def take(self) -> list[Request]:
        """What is there."""
        while not self.over and select.select([self.fd], [], [], 0)[0]:
            self._read()
        *lines, self._rest = self._rest.split(b"\n")
        found = []
        for line in lines:
            with suppress(BadLine):
                message = from_line(line)
                if isinstance(message, Open | Close | At | Others):
                    found.append(message)
        return found

    def _read(self) -> None:
        data = os.read(self.fd, 1 << 16)
        self._rest += data
        self.over = not data


def _serve(root: str, others: bool, requests: _Requests) -> None:
    from pathlib import Path

    from layerscope.store.store import Store
    from layerscope.usecases.live_containers import LiveContainers

    live = LiveContainers(Store.open(Path(root)), others=others)
    try:
        while not requests.over:
            _say(live.turn())
            live.wait(requests.fd)
            for request in requests.take():
                _obey(live, request)
    finally:
        live.close()


def _obey(live: LiveContainers, request: Request) -> None:
    match request:
        case Open(identity):
            live.open(identity)
        case Close():
            live.close_opened()
        case At(identity, when):
            _say([live.at(identity, when)])
        case Others(wanted):
            live.watch_others(wanted)


def _say(events: list[Event]) -> None:
    if events:
        sys.stdout.buffer.write(b"".join(map(to_line, events)))
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    sys.exit(main())
