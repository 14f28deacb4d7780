"""Kills a process in the middle of its work on a container, and looks at what is left."""

from __future__ import annotations

import contextlib
import mmap
import os
import random
import shutil
import signal
import time
from collections.abc import Sequence
from pathlib import Path

from layerscope.accounting.sizes import layer_usage
from tests.support.containers import container
from tests.support.random_ops import Op, make_ops
from tests.support.random_stacks import make_stacks
from tests.support.sides import EngineSide, run
from tests.support.snapshots import Tree, engine_tree

_BIG = 4
# These are one system call each for a process in the container; others are several.
_SINGLE = {
    *("fd_open", "fd_pwrite", "fd_truncate", "fd_chmod", "fd_close", "truncate", "unlink"),
    *("rmdir", "rmtree", "mkdir", "rename", "link", "symlink", "mknod", "chmod", "chown"),
    *("utime", "setxattr", "removexattr", "stat", "readdir"),
}


class KillBench:
    """Random stacks, some with files that take a while to copy."""

    def __init__(self, base: Path, seed: int) -> None:
        self.base = base
        self.rng = random.Random(seed)
        self.stacks = make_stacks(base / "stacks", self.rng, 6)
        for layers in self.stacks:
            for number in range(_BIG):
                (layers[0] / f"big{number}").write_bytes(self.rng.randbytes(1 << 20) * 3)

    def once(self) -> tuple[int, list[str]]:
        """One kill: at which operation it came, and what was wrong afterwards."""
        layers, ops = self.rng.choice(self.stacks), self._ops(60)
        place = self.base / "killed"
        shutil.rmtree(place, ignore_errors=True)
        started = time.perf_counter()
        self._tree_after(layers, ops)
        took = time.perf_counter() - started
        reached = self._kill(layers, ops, place, self.rng.random() * took)
        before, after = (self._tree_after(layers, ops[: reached + more]) for more in (0, 1))
        with container(layers, place) as engine:
            left = engine_tree(engine)
            scratch = os.listdir(place / "work" / "work")
        wrong = [f"{path!r} is torn" for path in _torn(left, before, after)]
        if scratch:
            wrong.append(f"left in the work directory: {scratch}")
        layer_usage(place / "upper")
        return reached, [f"{line}, killed in {ops[reached : reached + 1]}" for line in wrong]

    def _ops(self, count: int) -> list[Op]:
        ops = [op for op in make_ops(self.rng, 4 * count) if op[0] in _SINGLE][:count]
        for number in range(_BIG):
            path = b"/big%d" % number
            touch: list[Op] = [
                ("fd_open", 0, path, os.O_WRONLY, 0o644),
                ("chmod", path, 0o600),
                ("truncate", path, 70000),
                ("rename", path, b"/a", 0),
            ]
            ops.insert(self.rng.randrange(len(ops)), self.rng.choice(touch))
        return ops

    def _tree_after(self, layers: Sequence[Path], ops: Sequence[Op]) -> Tree:
        place = self.base / "replayed"
        shutil.rmtree(place, ignore_errors=True)
        with container(layers, place) as engine:
            run(EngineSide(engine), ops)
            return engine_tree(engine)

    def _kill(self, layers: Sequence[Path], ops: Sequence[Op], place: Path, delay: float) -> int:
        counter = mmap.mmap(-1, mmap.PAGESIZE)
        ready, go = os.pipe()
        child = os.fork()
        if child == 0:
            with contextlib.suppress(BaseException):
                _work(layers, ops, place, counter, go)
            os._exit(0)
        os.close(go)
        os.read(ready, 1)
        os.close(ready)
        time.sleep(delay)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        return counter[0]


def _work(
    layers: Sequence[Path], ops: Sequence[Op], place: Path, counter: mmap.mmap, go: int
) -> None:
    with container(layers, place) as engine:
        side = EngineSide(engine)
        os.write(go, b"!")
        for number, (kind, *arguments) in enumerate(ops):
            counter[0] = number  # one byte: a kill finds the number before or the number after
            with contextlib.suppress(OSError):
                getattr(side, str(kind))(*arguments)
        counter[0] = len(ops)
        os.kill(os.getpid(), signal.SIGKILL)


_LINKS = 5  # the place of st_nlink in what is seen of a file


def _torn(left: Tree, before: Tree, after: Tree) -> list[bytes]:
    """Paths that are neither as before the operation nor as after it. Of a directory only the
    time may be between the two: what it holds comes and goes one by one."""
    return [
        path
        for path in left.keys() | before.keys() | after.keys()
        if _timeless(left.get(path))
        not in (_timeless(before.get(path)), _timeless(after.get(path)))
    ]


def _timeless(entry: tuple[object, ...] | None) -> object:
    if entry is None or entry[0] == "stray whiteout":
        return None  # a name that leads nowhere; it is listed until its directory is copied up
    seen = entry[1]
    assert isinstance(seen, tuple)
    if entry[0] == "dir":
        return (*entry[:1], seen[:-1], *entry[2:])
    # What moves is copied up first, and a copy has one name: the copy-up breaks its hard links.
    return (*entry[:1], (*seen[:_LINKS], *seen[_LINKS + 1 :]), *entry[2:])
