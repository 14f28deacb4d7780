"""Runs one sequence on the engine and on a kernel overlay over the same layers, and compares."""

from __future__ import annotations

import multiprocessing
import os
import random
import shutil
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

from layerscope.archive.overlay import Form, Namespace, Owners, Whiteouts
from layerscope.cow.directory_lower import DirectoryLower
from layerscope.cow.engine import open_engine
from layerscope.cow.mount import mount_overlay, own_mounts, unmount
from tests.support.random_ops import Op, make_ops
from tests.support.random_stacks import make_stacks
from tests.support.sides import EngineSide, KernelSide, Result, run
from tests.support.snapshots import Tree, differences, engine_tree, host_tree

FORM = Form(Namespace.TRUSTED, Whiteouts.DEVICE, Owners.REAL)
USER_FORM = Form(Namespace.USER, Whiteouts.DEVICE, Owners.REAL)


class Outcome(NamedTuple):
    """What one side made of a sequence."""

    results: list[Result]
    tree: Tree


class Bench:
    """A directory with random stacks, and a process that mounts overlays. Needs root."""

    def __init__(self, base: Path, seed: int, form: Form = FORM, stacks: int = 18) -> None:
        self.base = base
        self.form = form
        self.stacks = make_stacks(base, random.Random(seed), stacks, form.namespace.value)
        context = multiprocessing.get_context("fork")
        self._pipe, far = context.Pipe()
        ends = (self._pipe, far)
        self._process = context.Process(
            target=_serve, args=(*ends, base / "kernel", form), daemon=True
        )
        self._process.start()
        far.close()
        self.stale = 0

    def close(self) -> None:
        """End the process and remove everything."""
        self._pipe.close()
        self._process.join()
        shutil.rmtree(self.base, ignore_errors=True)

    def compare(self, lowers: Sequence[Path], ops: Sequence[Op]) -> list[str]:
        """The differences between the two sides, none if the engine is right."""
        mine = self.base / "engine"
        _fresh(mine)
        self._pipe.send((list(lowers), list(ops)))
        lower = DirectoryLower(lowers, self.form.namespace)
        with open_engine(lower, mine / "upper", mine / "work", self.form) as engine:
            results = run(EngineSide(engine), ops)
            tree = engine_tree(engine)
        theirs = self._pipe.recv()
        if isinstance(theirs, str):
            raise RuntimeError(theirs)
        if _STALE in theirs.results:
            self.stale += 1
            return []
        found = _compare_results(ops, results, theirs.results)
        found += [f"tree {line}" for line in differences(tree, theirs.tree)]
        uppers = [host_tree(side / "upper", raw=True) for side in (mine, self.base / "kernel")]
        return found + [f"upper {line}" for line in differences(*uppers)]

    def sequence(self, seed: int, length: int) -> tuple[list[Path], list[Op]]:
        """The stack and the operations of a seed."""
        rng = random.Random(seed)
        return rng.choice(self.stacks), make_ops(rng, length)

    def shrink(self, lowers: Sequence[Path], ops: list[Op]) -> list[Op]:
        """A shorter sequence that still shows a difference."""
        step = len(ops) // 2
        while step:
            at = 0
            while at < len(ops):
                fewer = ops[:at] + ops[at + step :]
                if self.compare(lowers, fewer):
                    ops = fewer
                else:
                    at += step
            step //= 2
        return ops


# Of an exchange with another name of an inode that had hard links in a layer the kernel says now
# and then that its own cache is stale, and does nothing: no rule that could be followed.
_STALE = "ESTALE"


def _compare_results(ops: Sequence[Op], mine: list[Result], theirs: list[Result]) -> list[str]:
    return [
        f"op {number} {op!r:.200}: engine {one!r:.120}, kernel {other!r:.120}"
        for number, (op, one, other) in enumerate(zip(ops, mine, theirs, strict=True))
        if one != other
    ]


def _fresh(side: Path) -> None:
    shutil.rmtree(side, ignore_errors=True)
    for name in ("upper", "work"):
        (side / name).mkdir(parents=True)
    (side / "upper").chmod(0o755)
    os.utime(side / "upper", ns=(10**18, 10**18))


def _serve(near: Connection, pipe: Connection, side: Path, form: Form) -> None:
    near.close()
    own_mounts()
    root = os.open("/", os.O_RDONLY | os.O_DIRECTORY)
    os.umask(0o022)
    while True:
        try:
            lowers, ops = pipe.recv()
        except EOFError:
            return
        try:
            pipe.send(_kernel(side, lowers, ops, root, form))
        except Exception as error:
            pipe.send(f"kernel side: {error!r}")


def _kernel(side: Path, lowers: list[Path], ops: list[Op], root: int, form: Form) -> Outcome:
    _fresh(side)
    merged = side / "merged"
    merged.mkdir()
    mount_overlay(lowers, side / "upper", side / "work", merged, form)
    try:
        os.chroot(merged)
        os.chdir("/")
        try:
            return Outcome(run(KernelSide(), ops), host_tree(b"/", raw=False))
        finally:
            os.fchdir(root)
            os.chroot(".")
    finally:
        unmount(merged)
