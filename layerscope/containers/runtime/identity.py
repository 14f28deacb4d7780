"""Who a container's process is: the user of a name or number, by the container's own /etc/passwd.

Called with the container's root as root: no name of the host's is looked up.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import NamedTuple

from layerscope.containers.runtime import kernel
from layerscope.containers.runtime.spec import CannotRun

# The capabilities that Docker leaves a container's root (moby, oci/caps/defaults.go), by number:
# chown, dac_override, fowner, fsetid, kill, setgid, setuid, setpcap, net_bind_service, net_raw,
# sys_chroot, mknod, audit_write, setfcap.
CAPABILITIES = frozenset((0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 27, 29, 31))
_LARGEST = 1 << 20  # bytes of /etc/passwd that are read
_LAST = (1 << 31) - 1
_HINT = f"a name of its own, or a number up to {_LAST}"


class User(NamedTuple):
    """Numbers of a user, the groups that he is in, and his home directory."""

    uid: int
    gid: int
    groups: tuple[int, ...]
    home: str


def find_user(text: str) -> User:
    """The user of ``NAME|UID[:GROUP|GID]``; root for an empty text. Raises CannotRun."""
    name, _, group = (text or "0").partition(":")
    entry = _entry("/etc/passwd", name, 7)
    uid = int(entry[2]) if entry else _number(name)
    if uid is None:
        raise CannotRun(f"user {name!r}", "the image has no user of that name", _HINT)
    gid = int(entry[3]) if entry else 0
    home = entry[5] if entry else "/"
    groups: tuple[int, ...] = ()
    if group:
        gid = _group(group)
    elif entry:
        groups = tuple(_groups_of(entry[0]))
    return User(uid, gid, groups, home or "/")


def become(user: User) -> None:
    """Be that user from now on, with no more than Docker's capabilities.

    Raises CannotRun where this namespace has no such user.
    """
    try:
        kernel.keep_capabilities(CAPABILITIES)
        with open("/proc/self/setgroups", "rb") as file:
            allowed = file.read().strip() == b"allow"
        if allowed:
            os.setgroups(list(user.groups) or [user.gid])
        os.setresgid(user.gid, user.gid, user.gid)
        os.setresuid(user.uid, user.uid, user.uid)
    except OSError as error:
        why = (
            "a container of an ordinary user knows only one user, 0 (who is you outside)"
            if user.uid or user.gid
            else f"the kernel does not let the process be that user: {error.strerror}"
        )
        hint = "-u 0, or the same as root" if user.uid or user.gid else None
        raise CannotRun(f"user {user.uid}:{user.gid}", why, hint) from error


def _group(text: str) -> int:
    entry = _entry("/etc/group", text, 4)
    gid = int(entry[2]) if entry else _number(text)
    if gid is None:
        raise CannotRun(f"group {text!r}", "the image has no group of that name", _HINT)
    return gid


def _number(text: str) -> int | None:
    """A user or a group by number; None for what is none, as Docker has it. The last of all, -1 in
    system calls, would change nothing."""
    if not (text.isascii() and text.isdigit() and len(text) <= 10):
        return None
    number = int(text)
    return number if number <= _LAST else None


def _groups_of(name: str) -> Iterator[int]:
    for fields in _lines("/etc/group", 4):
        if name in fields[3].split(","):
            yield int(fields[2])


def _entry(file: str, wanted: str, fields: int) -> list[str] | None:
    """The line for a name, or for a number where no name is like it."""
    found = None
    for line in _lines(file, fields):
        if line[0] == wanted:
            return line
        if line[2] == wanted and found is None:
            found = line
    return found


def _lines(file: str, fields: int) -> Iterator[list[str]]:
    try:
        with open(file, encoding="utf-8", errors="surrogateescape") as lines:
            text = lines.read(_LARGEST)
    except OSError:
        return
    for line in text.splitlines():
        parts = line.split(":")
        numbers = parts[2:4] if fields == 7 else parts[2:3]
        if len(parts) >= fields and None not in map(_number, numbers):
            yield parts
