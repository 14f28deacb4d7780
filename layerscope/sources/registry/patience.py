"""How long a registry is waited for, and the socket that gives up on one that is too slow."""

from __future__ import annotations

import io
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_POLL = 0.2  # seconds between two looks whether somebody wants to stop


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a registry is waited for, in seconds, and how often it is asked again.

    Less than ``slowest`` bytes a second over ``silence`` seconds of waiting are too few. What it
    makes of an upload may take ``commit``. The first pause before another try is ``pause``, each
    further one twice as long, up to ``longest``, or what ``Retry-After`` says; one that wants a
    longer pause isn't asked again.
    """

    connect: float = 20.0
    silence: float = 30.0
    slowest: int = 1000
    commit: float = 300.0
    tries: int = 4
    pause: float = 0.5
    longest: float = 60.0


class WatchedSocket:
    """A socket as http.client uses it, that gives up on a side that is too slow."""

    def __init__(self, sock: socket.socket, patience: Patience, check: Callable[[], None]) -> None:
        sock.settimeout(_POLL)
        self._sock, self._patience, self._check = sock, patience, check
        self._files, self._closed = 0, False
        self.begin(patience.silence)

    def begin(self, silence: float) -> None:
        """A request starts, or is sent and its answer awaited."""
        self._silence, self._waited, self._moved = silence, 0.0, 0

    def sendall(self, data: bytes) -> None:
        """Send all of ``data``."""
        rest = memoryview(data).cast("B")
        while len(rest):
            rest = rest[self._wait(lambda part=rest: self._sock.send(part)) :]  # type: ignore[misc]

    def recv_into(self, memory: WriteableBuffer) -> int:
        """Some bytes; 0 at the end."""
        return self._wait(lambda: self._sock.recv_into(memory))

    def _wait(self, act: Callable[[], int]) -> int:
        while True:
            since = time.monotonic()
            try:
                count = act()
            except TimeoutError:
                count = -1
            self._waited += time.monotonic() - since
            self._moved += max(0, count)
            if self._waited > self._silence:
                if self._moved < self._patience.slowest * self._silence and count:
                    raise TimeoutError
                self.begin(self._patience.silence)
            if count >= 0:
                return count
            self._check()

    def makefile(self, mode: str, *_: object) -> BinaryIO:
        """What an answer is read from."""
        self._files += 1
        return io.BufferedReader(_Input(self), 64 << 10)

    def let_go(self) -> None:
        """An answer was read."""
        self._files -= 1
        self._end()

    def close(self) -> None:
        """Hang up, when the answer that is being read was."""
        self._closed = True
        self._end()

    def _end(self) -> None:
        if self._closed and not self._files:
            self._sock.close()


class _Input(io.RawIOBase):
    """The bytes that come."""

    def __init__(self, sock: WatchedSocket) -> None:
        self._sock = sock

    def readable(self) -> bool:
        return True

    def readinto(self, memory: WriteableBuffer) -> int:
        return self._sock.recv_into(memory)

    def close(self) -> None:
        if not self.closed:
            super().close()
            self._sock.let_go()
