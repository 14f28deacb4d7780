"""Who ``--chown`` names, by the image's own /etc/passwd and /etc/group."""

from __future__ import annotations

from layerscope.build.tree import CopyFailed
from layerscope.cow.engine import Engine

_LARGEST = 1 << 20  # bytes of /etc/passwd that are read
_MAX_ID = 1 << 32


def find_owner(engine: Engine, text: str) -> tuple[int, int]:
    """uid and gid of ``USER[:GROUP]``; without a group it is the one of the same number or name.
    Raises CopyFailed."""
    user, colon, group = text.partition(":")
    if not user or (colon and not group):
        raise CopyFailed(f"--chown={text}", "it isn't USER or USER:GROUP")
    uid = _number(engine, "/etc/passwd", user)
    if uid is None:
        raise CopyFailed(f"--chown={text}", f"the image has no user {user!r}")
    gid = _number(engine, "/etc/group", group or user)
    if gid is None:
        raise CopyFailed(f"--chown={text}", f"the image has no group {group or user!r}")
    return uid, gid


def _number(engine: Engine, file: str, name: str) -> int | None:
    if name.isascii() and name.isdigit() and int(name) < _MAX_ID:
        return int(name)
    try:
        with engine.open(file.encode()) as handle:
            text = handle.read(_LARGEST).decode("utf-8", "surrogateescape")
    except OSError:
        return None
    for line in text.splitlines():
        fields = line.split(":")
        if len(fields) > 2 and fields[0] == name and fields[2].isdigit():
            return int(fields[2])
    return None
