"""Containers that run: how long a start takes, how soon a write is on the screen, what watching
costs while much is written."""

from __future__ import annotations

import mmap
import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from layerscope.containers.record import Container
from layerscope.containers.runtime import namespaces
from layerscope.containers.shelf import folder_of
from layerscope.store.store import Store
from layerscope.units import size_text
from layerscope.usecases.containers import Wanted, create, remove
from layerscope.usecases.run import run_detached
from tests.bench.compiled import COMPILED
from tests.bench.inputs import Inputs
from tests.bench.table import Row, percentile
from tests.support.processes import write_images
from tests.support.pty import Terminal
from tests.support.stores import load

_IMAGE = "acme/my-base-image:1.0"
_DOWN, _UP = "\x1b[B", "\x1b[A"
_A_SECOND = 2_000  # writes of each of five containers
_LASTS = 60.0  # seconds


def rows(inputs: Inputs, runs: int) -> Iterator[Row]:
    """Starts, writes, load; milliseconds and percent of a core."""
    with _store() as store:
        yield Row("run --rm IMAGE true", _median_run(store, 5 * runs), "ms", 80)
    with _store() as store:
        _make_many(store, 100, 1000)
        yield Row("100 containers of 1,000 files: screen", _opens(store), "s", 1)
    with _store() as store, _running(store, 1) as containers:
        yield Row("write to figure on the screen", _latency(store, containers[0]), "ms", 150)
    with _store() as store, _running(store, 5) as containers:
        yield from _load(store, containers, _LASTS if runs > 1 else 10.0)


@contextmanager
def _store() -> Iterator[Store]:
    with TemporaryDirectory() as folder:
        store = Store.open(Path(folder) / "store")
        archive = write_images(Path(folder) / "images.tar")
        load(store, f"docker-archive:{archive}:{_IMAGE}")
        yield store
        store.close()


@contextmanager
def _running(store: Store, count: int) -> Iterator[list[Container]]:
    wanted = (Wanted(name=f"c{n}", command=("sleep", "1000000")) for n in range(count))
    containers = [run_detached(store, _IMAGE, one) for one in wanted]
    try:
        yield containers
    finally:
        for container in containers:
            remove(store, container.id, force=True, with_volumes=True)


def _median_run(store: Store, times: int) -> float:
    words = [sys.executable, "-m", "layerscope", "--root", str(store.root)]
    words += ["run", "--rm", _IMAGE, "true"]
    took = []
    for _ in range(times):
        began = time.perf_counter()
        subprocess.run(words, check=True, env=os.environ | COMPILED)
        took.append(time.perf_counter() - began)
    return statistics.median(took) * 1e3


def _make_many(store: Store, containers: int, files: int) -> None:
    for number in range(containers):
        upper = folder_of(store, create(store, _IMAGE, Wanted(name=f"m{number}"))) / "upper"
        for file in range(files):
            (upper / f"file-{file}").write_bytes(b"ten bytes.")


def _explorer(store: Store) -> Terminal:
    words = [sys.executable, "-m", "layerscope", "--root", str(store.root)]
    terminal = Terminal(words, columns=120, rows=40, environment=COMPILED)
    terminal.wait_for("acme/my-base-image")
    terminal.settle()
    return terminal


def _opens(store: Store) -> float:
    with _explorer(store) as terminal:
        before = terminal.elapsed
        terminal.send("C")
        return terminal.wait_for("100 containers, 0 running, 1MB written") - before


@contextmanager
def _writer(container: Container, work: Callable[[int], None]) -> Iterator[int]:
    """A process in a container; a descriptor to tell it what to do."""
    assert container.life is not None
    reader, writer = os.pipe()
    held = namespaces.hold(container.life.pid)
    child = os.fork()
    if child == 0:
        os.close(writer)
        try:
            namespaces.enter(held)
            work(reader)
        finally:
            os._exit(0)
    os.close(reader)
    for fd in held.values():
        os.close(fd)
    try:
        yield writer
    finally:
        os.close(writer)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def _append_on_command(commands: int) -> None:
    while os.read(commands, 1):
        with open("/written", "ab") as file:
            file.write(b"x" * 7)


def _latency(store: Store, container: Container) -> float:
    took = []
    with _explorer(store) as terminal, _writer(container, _append_on_command) as tell:
        terminal.send("C")
        terminal.wait_for("1 container, 1 running")
        time.sleep(1)
        for number in range(1, 21):
            terminal.settle()
            began = terminal.elapsed
            os.write(tell, b"w")
            took.append(terminal.wait_for(f"{size_text(7 * number)} written") - began)
    return statistics.median(took) * 1e3


class _Steady:
    """Small files, made, rewritten and truncated, in a directory of some thousand: as cheaply as
    can be, so that what is measured is not the writer. ``rate`` is what was reached in all."""

    def __init__(self, writers: int) -> None:
        self._done = mmap.mmap(-1, 8 * writers)
        self._began = time.monotonic()

    @property
    def rate(self) -> float:
        """Writes a second since the writers began."""
        return sum(memoryview(self._done).cast("Q")) / (time.monotonic() - self._began)

    def write(self, number: int, commands: int) -> None:
        """Never comes back."""
        os.mkdir("/load")
        paths = [f"/load/{file}" for file in range(3000)]
        flags, data = os.O_WRONLY | os.O_CREAT | os.O_TRUNC, [b"y" * size for size in range(200)]
        counter, done = memoryview(self._done).cast("Q"), 0
        while True:
            while done < (time.monotonic() - self._began) * _A_SECOND:
                fd = os.open(paths[done % 3000], flags, 0o644)
                os.write(fd, data[done % 200])
                os.close(fd)
                counter[number] = done = done + 1
            time.sleep(0.005)


def _load(store: Store, containers: list[Container], lasts: float) -> Iterator[Row]:
    with _explorer(store) as terminal:
        terminal.send("C")
        terminal.wait_for("5 containers, 5 running")
        terminal.settle()
        time.sleep(8)
        idle, began = _cpu(terminal.process.pid), time.monotonic()
        time.sleep(10)
        yield Row(
            "idle, five containers: CPU",
            100 * (_cpu(terminal.process.pid) - idle) / (time.monotonic() - began),
            "%",
            1,
        )
        with ExitStack() as stack:
            steady = _Steady(len(containers))
            for number, container in enumerate(containers):
                stack.enter_context(_writer(container, partial(steady.write, number)))
            time.sleep(2)
            busy, began = _cpu(terminal.process.pid), time.monotonic()
            keys: list[float] = []
            while time.monotonic() - began < lasts:
                keys += [_key(terminal, key) for key in (_DOWN, _UP)]
            spent = time.monotonic() - began
            cpu = 100 * (_cpu(terminal.process.pid) - busy) / spent
            reached = f"{steady.rate:,.0f} writes/s were reached"
        yield Row(
            "10,000 writes/s, five containers: key, p95", percentile(keys, 95), "ms", 20, reached
        )
        yield Row("10,000 writes/s, five containers: CPU", cpu, "%", 60)


def _key(terminal: Terminal, key: str) -> float:
    """Until the cursor's line is drawn; figures may be drawn at any time besides."""
    while terminal._read(0.001) is not None:
        pass
    began = time.perf_counter()
    terminal.send(key)
    while True:
        chunk = terminal._read(1.0)
        if chunk is None or len(chunk) > 20:
            took = (time.perf_counter() - began) * 1e3
            time.sleep(0.2)
            return took


def _cpu(pid: int) -> float:
    """Seconds that a process and its children have had of the processor."""
    total, pending = 0, [pid]
    while pending:
        one = pending.pop()
        fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
        for task in Path(f"/proc/{one}/task").iterdir():
            pending += [int(child) for child in (task / "children").read_text().split()]
    return total / os.sysconf("SC_CLK_TCK")
