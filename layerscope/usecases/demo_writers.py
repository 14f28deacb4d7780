"""The processes that write in the demo's containers: ``python -m layerscope.usecases.demo_writers
ROOT``. One for each container, through the built-in engine; all end when standard input does.

What they write is bounded: none takes more than some 20 MB, however long the demo runs.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import count, cycle
from pathlib import Path
from types import FrameType
from typing import NoReturn

from layerscope.containers.files import open_mounted
from layerscope.containers.record import Container, Life, State
from layerscope.containers.runtime.alive import boot, start_time
from layerscope.containers.shelf import change_container, find_container
from layerscope.cow.engine import Engine
from layerscope.store.store import Store
from layerscope.units import now_text
from layerscope.usecases.demo import DATABASE, WRITERS

_APPEND = os.O_CREAT | os.O_WRONLY | os.O_APPEND
_LINE = b"GET /orders/%08d 200 0.004s agent=demo\n"
_PAGE = b"<p>one of many pages</p>\n"
_LOG_LIMIT = 8 << 20
_QUEUE_LIMIT = 16 << 20
_PAGES = 400

# Each yields the seconds until it goes on.
Steps = Iterator[float]


def main(words: Sequence[str]) -> int:
    """Write until standard input ends."""
    root = Path(words[0])
    children = [_fork(root, writer.name) for writer in WRITERS]
    while sys.stdin.buffer.read(1 << 10):
        pass
    for child in children:
        os.kill(child, signal.SIGTERM)
    for child in children:
        os.waitpid(child, 0)
    return 0


def _fork(root: Path, name: str) -> int:
    child = os.fork()
    if child == 0:
        try:
            _write_in(root, name)
        finally:
            os._exit(1)
    return child


def _write_in(root: Path, name: str) -> NoReturn:
    signal.signal(signal.SIGTERM, _end)
    store = Store.open(root)
    container = find_container(store, name)
    here = os.getpid()
    life = Life(here, here, start_time(here) or 0, boot())
    code = 128 + signal.SIGTERM
    try:
        with open_mounted(store, container) as engine:
            state = {"state": State.RUNNING, "started_at": now_text(), "exit_code": None}
            change_container(store, container.id, life=life, **state)
            for seconds in _STEPS[name](engine, store, container):
                time.sleep(seconds)
        code = 0
    except SystemExit:
        pass
    finally:
        ended = {"state": State.EXITED, "finished_at": now_text(), "exit_code": code}
        change_container(store, container.id, life=None, **ended)
        store.close()
    os._exit(code)


def _end(number: int, frame: FrameType | None) -> None:
    raise SystemExit


def _new_files(engine: Engine, store: Store, container: Container) -> Steps:
    """Pages that the image never had; from time to time the cache is emptied."""
    while True:
        engine.mkdir(b"/srv/pages", 0o755)
        for number in range(_PAGES):
            with engine.open(b"/srv/pages/page-%04d.html" % number, _APPEND, 0o644) as file:
                file.write(_PAGE * (20 + number % 50))
            yield 0.3
        for number in range(_PAGES):
            engine.unlink(b"/srv/pages/page-%04d.html" % number)
        engine.rmdir(b"/srv/pages")
        yield 5.0


def _one_byte(engine: Engine, store: Store, container: Container) -> Steps:
    """A byte here and there of a large file of the image."""
    yield 6.0
    for number in count():
        with engine.open(DATABASE, os.O_WRONLY) as file:
            file.pwrite(b"%d" % (number % 10), (number * 997) % (15 << 20))
        yield 2.0


def _growing_log(engine: Engine, store: Store, container: Container) -> Steps:
    """A log that nobody takes away."""
    path = b"/var/log/server.log"
    number = 0
    while True:
        with engine.open(path, _APPEND, 0o644) as file:
            lines = b"".join(_LINE % one for one in range(number, number + 400))
            file.write(lines)
            is_full = file.stat().size >= _LOG_LIMIT
        number += 400
        if is_full:
            engine.truncate(path, 0)
        yield 0.4


def _deletes(engine: Engine, store: Store, container: Container) -> Steps:
    """Whiteouts, an opaque directory, metadata alone; then the same file over and over."""
    yield 4.0
    for name in (b"git", b"make", b"libcurl4"):
        engine.unlink(b"/usr/bin/" + name)
        yield 3.0
    engine.chmod(b"/usr/lib/libc.so.6", 0o755)
    yield 5.0
    engine.chmod(b"/usr/bin/curl", 0o700)
    yield 5.0
    for number in range(12):
        engine.unlink(b"/srv/app/lib/module_%02d.py" % number)
        yield 0.5
    engine.rmdir(b"/srv/app/lib")
    yield 4.0
    engine.mkdir(b"/srv/app/lib", 0o755)
    for letter in cycle(b"abc"):
        with engine.open(b"/srv/app/lib/only.py", os.O_CREAT | os.O_WRONLY | os.O_TRUNC) as file:
            file.write(bytes([letter]) * 2000)
        yield 6.0


def _in_a_volume(engine: Engine, store: Store, container: Container) -> Steps:
    """As much as the log, where it costs the container nothing."""
    messages = container.mounts[0].target.encode() + b"/messages"
    while True:
        with engine.open(messages, _APPEND, 0o644) as file:
            file.write(_LINE % 1 * 400)
            is_full = file.stat().size >= _QUEUE_LIMIT
        if is_full:
            engine.truncate(messages, 0)
        yield 0.4


_STEPS: dict[str, Callable[[Engine, Store, Container], Steps]] = {
    "new-files": _new_files,
    "one-byte": _one_byte,
    "growing-log": _growing_log,
    "deletes": _deletes,
    "in-a-volume": _in_a_volume,
}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
