"""The process that watches containers, seen from the explorer: its lines become events."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

from layerscope.usecases.live_lines import (
    BadLine,
    Event,
    Failed,
    Others,
    Request,
    from_line,
    to_line,
)

_MODULE = "layerscope.usecases.live"
_LINE = 16 << 20  # bytes; no line of the protocol comes near
_AGAIN = 2.0  # seconds until a process that ended is started anew


class Live:
    """Watches the containers of the store at ``root`` for as long as :meth:`events` is iterated;
    with ``others`` those of other engines as well."""

    def __init__(self, root: Path, *, others: bool = False) -> None:
        self._root = root
        self._others = others
        self._process: asyncio.subprocess.Process | None = None
        self._open: Request | None = None

    def open(self, request: Request) -> None:
        """Ask for a container; again, should the process have to be started anew."""
        self._open = request
        self.ask(request)

    def watch_others(self, wanted: bool) -> None:
        """Other engines' containers as well, or no longer; a process started anew knows it, too."""
        self._others = wanted
        self.ask(Others(wanted))

    def ask(self, request: Request) -> None:
        """Ask for something; nothing happens while there is no process."""
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(ConnectionError, RuntimeError):
                self._process.stdin.write(to_line(request))

    async def events(self) -> AsyncGenerator[Event, None]:
        """What it tells; when it ends, that, and then what a new one tells."""
        while True:
            process = await self._start()
            try:
                assert process.stdout is not None
                async for line in process.stdout:
                    with contextlib.suppress(BadLine):
                        message = from_line(line)
                        yield message  # type: ignore[misc]
            finally:
                self._process = None
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                while process.returncode is None:  # at once, however often the task is cancelled
                    with contextlib.suppress(asyncio.CancelledError):
                        await process.wait()
            yield Failed("containers", "the process that watches them ended; it is started anew")
            await asyncio.sleep(_AGAIN)

    async def _start(self) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", _MODULE),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            limit=_LINE,
        )
        self._process = process
        assert process.stdin is not None
        first = {"root": str(self._root), "others": self._others}
        process.stdin.write(json.dumps(first).encode() + b"\n")
        if self._open is not None:
            self.ask(self._open)
        return process
