"""What a ledger saw, in words' worth: one happening for what belongs together."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Sequence
from dataclasses import replace

from layerscope.accounting.live.entries import Entry, Folder
from layerscope.accounting.live.figures import Happening, Mark
from layerscope.accounting.live.ledger import Touch

_BURST = 12  # more of a kind at once are told as one


def happenings(touches: Sequence[Touch], now: float) -> list[Happening]:
    """What happened at ``now``, oldest first."""
    gone = {t.before.ino: t for t in touches if t.before is not None and _left(t)}
    told: list[Happening] = []
    moved: set[int] = set()
    for touch in touches:
        after = touch.after
        source = gone.get(after.ino) if after is not None and touch.before is None else None
        if source is not None and after is not None and not after.whiteout:
            moved.add(after.ino)
            told.append(_happening("moved", touch, now, 0))
    for touch in touches:
        entry = touch.after if touch.before is None else touch.before
        if entry is not None and entry.ino in moved and (_left(touch) or touch.before is None):
            continue
        did = _did(touch)
        if did:
            told.append(_happening(did, touch, now, touch.delta))
    return _shorten(told)


def _left(touch: Touch) -> bool:
    """Whether an own file of the layer is no longer there."""
    before, after = touch.before, touch.after
    if before is None or before.whiteout:
        return False
    return after is None or after.whiteout


def _did(touch: Touch) -> str:
    before, after = touch.before, touch.after
    if after is None:
        return "" if before is None or before.whiteout else "removed"
    if after.whiteout:
        return "" if before is not None and before.mark is after.mark else "deleted"
    if isinstance(after, Folder):
        return _did_folder(before, after)
    if after.copied and (before is None or not before.copied):
        return "copied up"
    if before is None or before.whiteout:
        return "created"
    if after.length != before.length:
        return "grew" if after.length > before.length else "shrank"
    return "rewritten" if after.mtime != before.mtime else "changed"


def _did_folder(before: Entry | None, after: Folder) -> str:
    if after.opaque:
        return "made opaque" if after.under is not None else "created"
    if before is after:
        return "changed"
    under = after.under
    return "" if under is not None and under.fmt == stat.S_IFDIR else "created"


def _happening(did: str, touch: Touch, now: float, delta: int) -> Happening:
    entry = touch.after or touch.before
    assert entry is not None
    size = entry.length
    if entry.mark is Mark.DELETED:
        size = entry.hides
    layer = entry.under.layer if entry.under is not None else None
    return Happening(now, did, touch.path, delta, size, layer)


def _shorten(told: list[Happening]) -> list[Happening]:
    last: dict[tuple[str, bytes], Happening] = {}
    for one in told:
        key = (one.did, one.path)
        before = last.pop(key, None)
        last[key] = one if before is None else replace(one, delta=before.delta + one.delta)
    if len(last) <= _BURST:
        return list(last.values())
    kinds: dict[str, list[Happening]] = {}
    for one in last.values():
        kinds.setdefault(one.did, []).append(one)
    out: list[Happening] = []
    for of_kind in kinds.values():
        out += [_many(of_kind)] if len(of_kind) > _BURST else of_kind
    return out


def _many(told: Sequence[Happening]) -> Happening:
    """The one that is largest speaks for none: they are told as a number below a path."""
    return Happening(
        time=told[-1].time,
        did="many",
        path=_common(one.path for one in told),
        delta=sum(one.delta for one in told),
        size=sum(one.size for one in told),
        count=len(told),
    )


def _common(paths: Iterable[bytes]) -> bytes:
    folders = [os.path.dirname(path) for path in paths]
    return os.path.commonpath(folders) if all(folders) else b""
