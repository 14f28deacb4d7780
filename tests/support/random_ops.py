"""Random operations on a union: plain tuples, the same for the engine and for the kernel."""

from __future__ import annotations

import os
import random
import stat
from collections.abc import Callable

from tests.support.random_stacks import NAMES, OLD

Op = tuple[object, ...]

_ACCESS = (os.O_RDONLY, os.O_WRONLY, os.O_RDWR)
_XATTRS = (
    "user.k",
    "user.n",
    "trusted.t",
    "trusted.overlay.opaque",
    "trusted.overlay.x",
    "user.overlay.y",
)
_LONG = b"n" * 255


def make_ops(rng: random.Random, count: int) -> list[Op]:
    """A blind sequence: names are few, so that they meet."""
    kinds = list(_MAKERS)
    weights = [weight for weight, _ in _MAKERS.values()]
    chosen = rng.choices(kinds, weights, k=count)
    return [(kind, *_MAKERS[kind][1](rng)) for kind in chosen]


def _path(rng: random.Random) -> bytes:
    parts = [rng.choice(NAMES) for _ in range(rng.choice((1, 1, 2, 2, 2, 3, 3, 4)))]
    odd = rng.random()
    if odd < 0.03:
        parts.insert(rng.randrange(len(parts) + 1), rng.choice([b"..", b"."]))
    elif odd < 0.04:
        parts[-1] = rng.choice([_LONG, _LONG + b"n", b"\xff\xfe"])
    path = b"/" + b"/".join(parts)
    if rng.random() < 0.02:
        path += b"/"
    return path if rng.random() > 0.002 else rng.choice([b"/", b"/.", b"/.."])


def _open(rng: random.Random) -> tuple[object, ...]:
    flags = rng.choice(_ACCESS)
    for flag, chance in (
        (os.O_CREAT, 0.45),
        (os.O_EXCL, 0.1),
        (os.O_TRUNC, 0.2),
        (os.O_APPEND, 0.2),
        (os.O_NOFOLLOW, 0.1),
        (os.O_DIRECTORY, 0.04),
        (os.O_PATH, 0.02),
    ):
        if rng.random() < chance:
            flags |= flag
    return _path(rng), flags | os.O_NONBLOCK, rng.choice((0o644, 0o600, 0o4755, 0o2775, 0))


def _data(rng: random.Random) -> bytes:
    return rng.randbytes(rng.choice((0, 1, 10, 3000)))


def _offset(rng: random.Random) -> int:
    return rng.choice((0, 1, 50, 4096, 9000))


def _mode(rng: random.Random) -> int:
    return rng.choice((0o644, 0o755, 0o600, 0o4711, 0o2755, 0o1777, 0))


def _slot(rng: random.Random) -> int:
    return rng.randrange(4)


_NODES = (
    (stat.S_IFIFO | 0o644, 0),
    (stat.S_IFSOCK | 0o600, 0),
    (stat.S_IFCHR | 0o666, os.makedev(1, 3)),
    (stat.S_IFBLK | 0o600, os.makedev(7, 0)),
    (stat.S_IFCHR, 0),
    (stat.S_IFREG | 0o640, 0),
)

_MAKERS: dict[str, tuple[int, Callable[[random.Random], tuple[object, ...]]]] = {
    "open_write": (12, lambda r: (*_open(r), _data(r))),
    "open_read": (6, lambda r: (*_open(r), r.choice((5, 100000)))),
    "write_at": (5, lambda r: (_path(r), _offset(r), _data(r))),
    "fd_open": (4, lambda r: (_slot(r), *_open(r))),
    "fd_pread": (4, lambda r: (_slot(r), 100000, _offset(r))),
    "fd_pwrite": (4, lambda r: (_slot(r), _data(r), _offset(r))),
    "fd_write": (3, lambda r: (_slot(r), _data(r))),
    "fd_read": (2, lambda r: (_slot(r), 10)),
    "fd_truncate": (2, lambda r: (_slot(r), _offset(r))),
    "fd_stat": (3, lambda r: (_slot(r),)),
    "fd_chmod": (2, lambda r: (_slot(r), _mode(r))),
    "fd_close": (2, lambda r: (_slot(r),)),
    "fallocate": (2, lambda r: (_path(r), r.choice((0, 1, 3)), _offset(r), 1 + _offset(r))),
    "truncate": (3, lambda r: (_path(r), _offset(r))),
    "unlink": (12, lambda r: (_path(r),)),
    "rmdir": (9, lambda r: (_path(r),)),
    "rmtree": (3, lambda r: (_path(r),)),
    "mkdir": (12, lambda r: (_path(r), r.choice((0o755, 0o700, 0o1777)))),
    "rename": (14, lambda r: (_path(r), _path(r), r.choice((0, 0, 0, 0, 1, 2)))),
    "link": (5, lambda r: (_path(r), _path(r), r.random() < 0.2)),
    "symlink": (4, lambda r: (r.choice((b"a", b"../b", b"/c/d", b"zz", b"e/")), _path(r))),
    "mknod": (3, lambda r: (_path(r), *r.choice(_NODES))),
    "chmod": (4, lambda r: (_path(r), _mode(r))),
    "chown": (
        3,
        lambda r: (_path(r), r.choice((0, 9, -1)), r.choice((0, 9, -1)), r.random() < 0.5),
    ),
    "utime": (3, lambda r: (_path(r), (OLD + r.randrange(500)) * 10**9 + r.randrange(10**9))),
    "setxattr": (
        4,
        lambda r: (_path(r), r.choice(_XATTRS), r.randbytes(4), r.choice((0, 0, 1, 2))),
    ),
    "removexattr": (2, lambda r: (_path(r), r.choice(_XATTRS))),
    "getxattr": (1, lambda r: (_path(r), r.choice(_XATTRS))),
    "listxattr": (1, lambda r: (_path(r),)),
    "stat": (3, lambda r: (_path(r), r.random() < 0.5)),
    "readlink": (1, lambda r: (_path(r),)),
    "readdir": (4, lambda r: (_path(r),)),
}
