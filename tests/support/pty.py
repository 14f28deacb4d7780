"""A program in a pseudo-terminal: what it sends, when, and what the screen then shows."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pyte

_READ = 1 << 16
_ENDS_WITHIN = 5.0


@dataclass(frozen=True)
class Burst:
    """What came until the program fell silent: seconds to the first and last byte, and bytes.

    Both times are None if nothing came.
    """

    first: float | None
    last: float | None
    size: int


class Terminal:
    """Runs ``words`` on a terminal of ``columns`` × ``rows`` cells with 256 colours.

    Output is stamped when it is read; the screen is drawn from it afterwards, so that drawing
    doesn't count in any time.
    """

    def __init__(
        self,
        words: Sequence[str],
        *,
        columns: int = 120,
        rows: int = 40,
        environment: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> None:
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self.sent = bytearray()  # everything that the program sent so far
        self._master, slave = pty.openpty()
        _resize(slave, columns, rows)
        self.started = time.perf_counter()
        self.process = subprocess.Popen(
            words,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**os.environ, "TERM": "xterm-256color", **(environment or {})},
            cwd=cwd,
            start_new_session=True,
            preexec_fn=_own_the_terminal,
        )
        os.close(slave)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def lines(self) -> list[str]:
        """The screen's rows, top to bottom, without trailing blanks."""
        return [line.rstrip() for line in self._screen.display]

    @property
    def text(self) -> str:
        """The whole screen."""
        return "\n".join(self.lines)

    @property
    def elapsed(self) -> float:
        """Seconds since the program was started."""
        return time.perf_counter() - self.started

    def send(self, keys: str) -> None:
        """Type; escape sequences are the caller's."""
        os.write(self._master, keys.encode())

    def hang_up(self) -> None:
        """Close the terminal, as when its window is closed or the line is lost."""
        os.close(self._master)
        self._master = -1

    def resize(self, columns: int, rows: int) -> None:
        """Give the terminal another size; the program hears of it."""
        self._screen.resize(rows, columns)
        _resize(self._master, columns, rows)

    def settle(self, quiet: float = 0.2, patience: float = 1.0, timeout: float = 30.0) -> Burst:
        """Read until nothing came for ``quiet`` seconds; times count from the call.

        ``patience`` is how long to wait for the first byte. Raises TimeoutError if it never
        falls silent.
        """
        start = time.perf_counter()
        chunks: list[bytes] = []
        first = last = None
        while (chunk := self._read(quiet if chunks else patience)) is not None:
            last = time.perf_counter() - start
            first = last if first is None else first
            chunks.append(chunk)
            if last > timeout:
                raise TimeoutError(f"still sending after {timeout} s")
        self._draw(b"".join(chunks))
        return Burst(first, last, sum(map(len, chunks)))

    def press(self, keys: str, quiet: float = 0.2, patience: float = 1.0) -> Burst:
        """Type, and read until the answer is whole."""
        self.send(keys)
        return self.settle(quiet, patience)

    def wait_for(self, shown: Callable[[str], bool] | str, timeout: float = 30.0) -> float:
        """Seconds from the start of the program until the screen's text is as wanted.

        A string is wanted anywhere on it. Raises TimeoutError with the screen's text.
        """
        wanted = shown if callable(shown) else lambda text: shown in text
        until = time.perf_counter() + timeout
        while time.perf_counter() < until:
            chunk = self._read(0.05)
            if chunk is None:
                if self.process.poll() is not None:
                    break
                continue
            stamp = time.perf_counter()
            self._draw(chunk)
            if wanted(self.text):
                return stamp - self.started
        raise TimeoutError(f"never shown; the screen is:\n{self.text}")

    def wait(self, timeout: float = 5.0) -> int:
        """The exit code once the program has ended and all that it sent is read.

        Raises TimeoutError if it goes on.
        """
        until = time.perf_counter() + timeout
        while self.process.poll() is None:
            if time.perf_counter() > until:
                raise TimeoutError(f"still running after {timeout} s")
            self._draw(self._read(0.05) or b"")
        while chunk := self._read(0.05):
            self._draw(chunk)
        return self.process.returncode

    def close(self) -> int:
        """End the program if it still runs; its exit code, negative for a signal."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        until = time.perf_counter() + _ENDS_WITHIN
        while self.process.poll() is None and time.perf_counter() < until:
            self._read(0.05)
        self.process.kill()
        if self._master >= 0:
            os.close(self._master)
            self._master = -1
        return self.process.wait()

    def _read(self, timeout: float) -> bytes | None:
        if not select.select([self._master], [], [], timeout)[0]:
            return None
        try:
            chunk = os.read(self._master, _READ)
        except OSError:  # Linux says EIO once the program has closed the other side
            time.sleep(0.01)
            return None
        self.sent += chunk
        return chunk or None

    def _draw(self, output: bytes) -> None:
        self._stream.feed(output)


def _own_the_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _resize(terminal: int, columns: int, rows: int) -> None:
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
