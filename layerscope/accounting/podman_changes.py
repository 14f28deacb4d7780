"""Podman's change list of a writable layer, which is another than Docker's.

Its storage lists what lies in the upper directory (containers/storage, ``OverlayChanges``) where
Docker compares two views: each file that is there below as well is ``C``, however it looks, so a
copy that was never changed is one; a directory is ``C`` if its size, mode or time differ, and those
above a change only for what is added or deleted. An opaque directory over an older one is ``D``.
What Podman itself puts into every container is left out (libpod, ``initInodes``).
"""

from __future__ import annotations

import stat

from layerscope.accounting.changes import Change, ChangeKind
from layerscope.archive.paths import ancestors
from layerscope.cow.compare import same_time
from layerscope.cow.engine import Engine
from layerscope.cow.lower import LowerNode
from layerscope.cow.stat import Stat
from layerscope.cow.written import Written, written

_PODMAN_S_OWN = frozenset(
    (b"dev", b"etc/hostname", b"etc/hosts", b"etc/resolv.conf", b"proc", b"run", b"run/notify")
) | frozenset((b"run/.containerenv", b"run/secrets", b"run/podman-init", b"sys", b"etc/mtab"))


def podman_change_list(engine: Engine) -> tuple[Change, ...]:
    """The changes by path; costs what the writable layer holds. Raises OSError."""
    found: dict[bytes, Change] = {}
    for one in written(engine):
        kind = _kind(one) if one.path else None
        if kind is None:
            continue
        if kind is not ChangeKind.CHANGED:
            for above in ancestors(one.path):
                found.setdefault(above, _change(ChangeKind.CHANGED, above, None, None))
        found[one.path] = _change(kind, one.path, one.stat, one.below)
    listed = (found[path] for path in sorted(found) if path not in _PODMAN_S_OWN)
    return tuple(listed)


def _kind(one: Written) -> ChangeKind | None:
    if one.stat is None or (one.opaque and one.below is not None):
        return ChangeKind.DELETED
    if one.below is None:
        return ChangeKind.ADDED
    if one.stat.fmt == one.below.fmt == stat.S_IFDIR and _same(one.stat, one.below.stat()):
        return None
    return ChangeKind.CHANGED


def _same(now: Stat, was: Stat) -> bool:
    """Whether a directory looks to Podman as it did."""
    return (now.size, now.mode) == (was.size, was.mode) and same_time(now.mtime_ns, was.mtime_ns)


def _change(kind: ChangeKind, path: bytes, now: Stat | None, below: LowerNode | None) -> Change:
    shown = now if now is not None or below is None else below.stat()
    fmt = shown.fmt if shown else stat.S_IFDIR
    size = shown.size if shown and fmt in (stat.S_IFREG, stat.S_IFLNK) else 0
    copied = kind is ChangeKind.CHANGED and below is not None and fmt == below.fmt != stat.S_IFDIR
    return Change(kind, b"/" + path, size, copied, below.layer if below else None)
