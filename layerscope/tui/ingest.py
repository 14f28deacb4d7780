"""The process that reads layers, seen from the explorer: its lines become messages."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

_MODULE = "layerscope.usecases.ingest"
_LINE = 1 << 20  # bytes; no line of the protocol comes near


class Reader:
    """Reads a TARGET's layers into the store at ``root``, from now on, in a process of its own;
    into the folder ``scratch`` if there is one.

    Raises OSError if no process can be started.
    """

    def __init__(
        self, target: str, root: Path, platform: str | None, scratch: Path | None = None
    ) -> None:
        self._target = target
        self._process = subprocess.Popen(
            [sys.executable, "-m", _MODULE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        request = {"target": target, "root": str(root), "platform": platform}
        if scratch is not None:
            request["scratch"] = str(scratch)
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # that it ended is told by its events
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()

    async def events(self) -> AsyncIterator[dict[str, Any]]:
        """The events of :mod:`layerscope.usecases.ingest` as they come.

        Leaving the iteration early, by cancelling the task too, ends the process at once.
        """
        import asyncio  # which the process was not to wait for

        lines = asyncio.StreamReader(_LINE)
        protocol = asyncio.StreamReaderProtocol(lines)
        loop, done = asyncio.get_running_loop(), False
        transport, _ = await loop.connect_read_pipe(lambda: protocol, self._process.stdout)
        try:
            async for line in lines:
                event = json.loads(line)
                done = event["event"] in ("done", "error") and event.get("layer") is None
                yield event
            if not done:
                why = "the process that reads it ended"
                yield {
                    "event": "error",
                    "layer": None,
                    "what": self._target,
                    "why": why,
                    "hint": None,
                }
        finally:
            transport.close()
            self._end()

    def _end(self) -> None:
        self._process.kill()
        self._process.wait()
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
