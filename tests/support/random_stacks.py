"""Random stacks of unpacked layers in the kernel's overlay form, for the differential tests."""

from __future__ import annotations

import os
import random
import stat
from pathlib import Path

NAMES = (b"a", b"b", b"c", b"d", b"e")
OLD = 1_000_000_000


def make_stacks(
    base: Path, rng: random.Random, count: int, prefix: str = "trusted.overlay."
) -> list[list[Path]]:
    """``count`` stacks of one to six layers, bottom first, marked by xattrs of that ``prefix``."""
    stacks = []
    for number in range(count):
        depth = 1 + number % 6
        layers = [base / f"stack{number}" / f"layer{at}" for at in range(depth)]
        for at, layer in enumerate(layers):
            layer.mkdir(parents=True)
            _fill(rng, os.fsencode(layer), 0, prefix if at > 0 else "")
            _age(rng, os.fsencode(layer))
        stacks.append(layers)
    return stacks


def _fill(rng: random.Random, directory: bytes, depth: int, hides: str) -> None:
    made: list[bytes] = []
    for name in rng.sample(NAMES, rng.randint(1, len(NAMES))):
        path = directory + b"/" + name
        choice = rng.random()
        if choice < 0.45 and depth < 3:
            os.mkdir(path)
            os.chmod(path, rng.choice([0o755, 0o700, 0o1777, 0o2775, 0o511]))
            if hides and rng.random() < 0.25:
                os.setxattr(path, hides + "opaque", b"y")
            _fill(rng, path, depth + 1, hides)
        elif hides and choice < 0.55:
            os.mknod(path, stat.S_IFCHR, 0)
        elif choice < 0.8:
            _file(rng, path)
            made.append(path)
        elif choice < 0.87:
            os.symlink(rng.choice([b"a", b"../b", b"/a/b", b"/c", b"..", b"nowhere", b"b/"]), path)
        elif choice < 0.9:
            os.mkfifo(path, 0o640)
        elif choice < 0.92:
            os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 3))
        elif made:
            os.link(rng.choice(made), path)
        else:
            _file(rng, path)
    if rng.random() < 0.3:
        os.chown(directory, rng.choice([0, 5]), rng.choice([0, 7]))


def _file(rng: random.Random, path: bytes) -> None:
    with open(path, "wb") as out:
        out.write(rng.randbytes(rng.choice([0, 3, 100, 5000])))
        if rng.random() < 0.15:
            out.truncate(rng.choice([20000, 70000]))
    if rng.random() < 0.3:
        os.chown(path, rng.choice([0, 1000]), rng.choice([0, 1000]))
    os.chmod(path, rng.choice([0o644, 0o600, 0o4755, 0o444, 0o2711, 0]))
    if rng.random() < 0.3:
        os.setxattr(path, "user.k", b"lower")
    if rng.random() < 0.1:
        os.setxattr(path, "trusted.t", b"lower")


def _age(rng: random.Random, directory: bytes) -> None:
    for here, directories, files in os.walk(directory, topdown=False):
        for name in files + directories:
            when = (OLD + rng.randrange(1000)) * 10**9 + rng.randrange(10**9)
            os.utime(os.path.join(here, name), ns=(when, when), follow_symlinks=False)
    os.utime(directory, ns=(OLD * 10**9, OLD * 10**9))
