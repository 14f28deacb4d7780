"""The process that watches containers for the explorer: ``python -m layerscope.usecases.live``.

What it is asked and what it says is in :mod:`layerscope.usecases.live_lines`. It ends when its
standard input does: nobody is left to watch for.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
from typing import TYPE_CHECKING

from layerscope.errors import LayerscopeError
from layerscope.usecases.live_lines import (
    At,
    BadLine,
    Close,
    Event,
    Failed,
    Open,
    Request,
    from_line,
    to_line,
)

if TYPE_CHECKING:
    from layerscope.usecases.live_containers import LiveContainers

_NICE = 5  # on a busy machine keys are answered first, then figures brought up to date


def main() -> int:
    """Serve until standard input ends; the exit code is that of the error, if there was one."""
    first = json.loads(sys.stdin.buffer.readline() or b"{}")
    if not first:
        return 0
    os.nice(_NICE)
    requests: queue.SimpleQueue[Request | None] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(requests,), daemon=True).start()
    try:
        _serve(str(first["root"]), requests)
    except BrokenPipeError:
        return 0
    except LayerscopeError as error:
        _say([Failed(error.what, error.why, error.hint)])
        return error.exit_code
    return 0


def _serve(root: str, requests: queue.SimpleQueue[Request | None]) -> None:
    from pathlib import Path

    from layerscope.store.store import Store
    from layerscope.usecases.live_containers import LiveContainers

    live = LiveContainers(Store.open(Path(root)))
    try:
        while True:
            _say(live.turn())
            try:
                request = requests.get(timeout=live.period)
            except queue.Empty:
                continue
            if request is None:
                return
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


def _say(events: list[Event]) -> None:
    if events:
        sys.stdout.buffer.write(b"".join(map(to_line, events)))
        sys.stdout.buffer.flush()


def _listen(requests: queue.SimpleQueue[Request | None]) -> None:
    for line in sys.stdin.buffer:
        try:
            message = from_line(line)
        except BadLine:
            continue
        if isinstance(message, Open | Close | At):
            requests.put(message)
    requests.put(None)


if __name__ == "__main__":
    sys.exit(main())
