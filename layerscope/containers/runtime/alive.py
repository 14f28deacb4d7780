"""Whether a process is still the one that was written down: a pid alone may be somebody else's."""

from __future__ import annotations

import os
from functools import cache

_START = 19  # the field of /proc/PID/stat behind the name, counted from 0: proc(5) starttime
_FOREVER = (1 << 31) - 1  # ms, 24 days


@cache
def boot() -> str:
    """What tells this run of the machine from others; empty where nothing does."""
    try:
        with open("/proc/sys/kernel/random/boot_id", "rb") as file:
            return file.read().strip().decode()
    except OSError:
        return ""


def start_time(pid: int) -> int | None:
    """When a process began, in clock ticks since boot; None if there is none."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
    except OSError:
        return None
    # A zombie has ended; only its parent doesn't know yet.
    return None if fields[0] in (b"Z", b"X") else int(fields[_START])


def is_alive(pid: int, started: int, when: str) -> bool:
    """Whether the process is there that began at ``started`` in the run ``when`` of the machine."""
    return when == boot() and pid > 0 and start_time(pid) == started


def wait_for_end(pid: int, seconds: float | None) -> bool:
    """Wait until a process ends, no longer than ``seconds``; whether it has ended."""
    import select

    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        poll = select.poll()
        poll.register(fd, select.POLLIN)
        return bool(poll.poll(None if seconds is None else min(int(seconds * 1000), _FOREVER)))
    finally:
        os.close(fd)
