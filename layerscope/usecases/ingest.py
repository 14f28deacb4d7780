"""The process that reads an image's layers for the explorer, so that no key waits for it.

``python -m layerscope.usecases.ingest`` takes one JSON object in a line on standard input, its
request, and writes one JSON object a line on standard output:

    request   {"target": …, "root": …, "platform": "os/arch" or null,
               "scratch": the asker's folder for what can't go into the store, or null}
    image     {"event": "image", "layers": [{"diff_id": … or null, "size": bytes}, …]}
    progress  {"event": "progress", "layer": n, "done": bytes, "total": bytes or null}
    layer     {"event": "layer", "layer": n, "diff_id": …}    its index is readable
    stack     {"event": "stack", "layer": n, "diff_id": …}    the stack up to it is readable
    error     {"event": "error", "layer": n or null, "what": …, "why": …, "hint": … or null}
    done      {"event": "done"}

It ends when its standard input does, whatever it is at: nobody is left to read for. What it has not
finished is not visible to anybody.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from typing import Any

from layerscope.errors import LayerscopeError

_EVERY = 0.05  # seconds between two progress lines of a layer


class _Lines:
    """Progress as lines; from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._totals: dict[str, int | None] = {}
        self._last: dict[str, float] = {}

    def emit(self, event: str, **values: Any) -> None:
        """Write one line."""
        line = json.dumps({"event": event, **values}) + "\n"
        with self._lock:
            sys.stdout.write(line)
            sys.stdout.flush()

    def error(self, layer: int | None, error: LayerscopeError) -> None:
        """Tell of an error."""
        self.emit("error", layer=layer, what=error.what, why=error.why, hint=error.hint)

    def begin(self, task: str, total: int | None) -> None:
        self._totals[task] = total
        self._tell(task, 0)

    def advance(self, task: str, done: int) -> None:
        now = time.monotonic()
        if now - self._last.get(task, 0.0) >= _EVERY:
            self._last[task] = now
            self._tell(task, done)

    def end(self, task: str) -> None:
        total = self._totals.get(task)
        if total is not None:
            self._tell(task, total)

    def check(self) -> None: ...

    def _tell(self, task: str, done: int) -> None:
        layer = int(task.removeprefix("layer "))
        self.emit("progress", layer=layer, done=done, total=self._totals.get(task))


def main() -> int:
    """Serve one request; the exit code is that of the error, if there was one."""
    request = json.loads(sys.stdin.readline() or "{}")
    threading.Thread(target=_end_with_input, daemon=True).start()
    lines = _Lines()
    try:
        _serve(request, lines)
    except LayerscopeError as error:
        lines.error(None, error)
        return error.exit_code
    except OSError as error:
        lines.error(None, LayerscopeError(str(request["target"]), error.strerror or str(error)))
        return 1
    lines.emit("done")
    return 0


def _serve(request: dict[str, Any], lines: _Lines) -> None:
    from pathlib import Path

    from layerscope.oci.platform import Platform
    from layerscope.store.store import Store
    from layerscope.usecases.opened import find_target

    platform = Platform.parse(request["platform"]) if request.get("platform") else None
    scratch = Path(request["scratch"]) if request.get("scratch") else None
    store = Store.open(Path(request["root"]), scratch=scratch)
    image = find_target(request["target"], store, platform)
    layers = [
        {"diff_id": str(layer.diff_id) if layer.diff_id else None, "size": layer.size}
        for layer in image.image.layers
    ]
    lines.emit("image", layers=layers)
    for step in image.read(lines):
        if step.error is not None:
            lines.error(step.number, step.error)
        else:
            lines.emit(step.what, layer=step.number, diff_id=str(image.diff_id(step.number)))


def _end_with_input() -> None:
    while sys.stdin.readline():
        pass
    os._exit(130)


if __name__ == "__main__":
    sys.exit(main())
