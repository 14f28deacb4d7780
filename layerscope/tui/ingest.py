"""The process that reads layers, seen from the explorer: its lines become messages."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator
from typing import Any

from layerscope.tui.session import Session

_MODULE = "layerscope.usecases.ingest"
_LINE = 1 << 20  # bytes; no line of the protocol comes near


async def ingest(session: Session, target: str) -> AsyncIterator[dict[str, Any]]:
    """Read a TARGET's layers in a process of its own; yields its events as they come.

    The events are those of :mod:`layerscope.usecases.ingest`. Leaving the iteration early, by
    cancelling the task too, ends the process at once.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        _MODULE,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        limit=_LINE,
    )
    request = {"target": target, "root": str(session.root), "platform": session.platform}
    done = False
    try:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(request).encode() + b"\n")
        async for line in process.stdout:
            event = json.loads(line)
            done = event["event"] in ("done", "error") and event.get("layer") is None
            yield event
        if not done:
            why = "the process that reads it ended"
            yield {"event": "error", "layer": None, "what": target, "why": why, "hint": None}
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
