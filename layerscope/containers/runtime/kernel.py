"""The system calls of Linux that a container needs and Python's os module (3.11) lacks."""

from __future__ import annotations

import ctypes
import fcntl
import os
import struct
from functools import cache

CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

_PR_CAPBSET_DROP = 24
_PR_SET_CHILD_SUBREAPER = 36
_PR_SET_DUMPABLE = 4
_PR_CAP_AMBIENT, _CLEAR_ALL = 47, 4
_CAP_VERSION = 0x20080522
_MNT_DETACH = 0x2
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41, "riscv64": 41, "loongarch64": 41, "ppc64le": 203}
_CAPSET = {"x86_64": 126, "aarch64": 91, "riscv64": 91, "loongarch64": 91, "ppc64le": 184}
_PIVOT_ROOT |= {"s390x": 217, "i686": 217, "armv7l": 218, "armv6l": 218}
_CAPSET |= {"s390x": 185, "i686": 185, "armv7l": 185, "armv6l": 185}
_AF_INET, _SOCK_DGRAM = 2, 2
_SIOCSIFFLAGS = 0x8914
_IFF_UP_RUNNING = 0x41


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _check(result: int) -> None:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def load() -> None:
    """Find the C library now: after a change of root it may not be found any more."""
    _libc()


def unshare(flags: int) -> None:
    """unshare(2)."""
    _check(_libc().unshare(flags))


def setns(fd: int, kind: int) -> None:
    """setns(2): enter the namespace that ``fd`` is of; ``kind`` is its CLONE flag."""
    _check(_libc().setns(fd, kind))


def pivot_root(new: bytes, old: bytes) -> None:
    """pivot_root(2)."""
    _check(_libc().syscall(_PIVOT_ROOT[os.uname().machine], new, old))


def detach(target: bytes) -> None:
    """umount2(2): take a mount away, now for lookups and for good once nobody uses it."""
    _check(_libc().umount2(target, _MNT_DETACH))


def adopt_orphans() -> None:
    """Become the parent of whatever this process's children leave behind."""
    _check(_libc().prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0))


def hide_process() -> None:
    """Nobody but the host's root may look into this process through /proc, until it calls exec."""
    _check(_libc().prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0))


def keep_capabilities(kept: frozenset[int]) -> None:
    """Give up all capabilities but those, for this process and all that it starts."""
    with open("/proc/sys/kernel/cap_last_cap", "rb") as file:
        last = int(file.read())
    for number in range(last + 1):
        if number not in kept:
            _check(_libc().prctl(_PR_CAPBSET_DROP, number, 0, 0, 0))
    _libc().prctl(_PR_CAP_AMBIENT, _CLEAR_ALL, 0, 0, 0)
    bits = sum(1 << number for number in kept)
    low, high = bits & 0xFFFFFFFF, bits >> 32
    header = struct.pack("Ii", _CAP_VERSION, 0)
    data = struct.pack("6I", low, low, 0, high, high, 0)
    _check(_libc().syscall(_CAPSET[os.uname().machine], header, data))


def set_hostname(name: str) -> None:
    """sethostname(2), for this process's UTS namespace."""
    text = os.fsencode(name)
    _check(_libc().sethostname(text, ctypes.c_size_t(len(text))))


def loopback_up() -> None:
    """Switch on ``lo`` of this process's network namespace."""
    any_socket = _libc().socket(_AF_INET, _SOCK_DGRAM, 0)
    _check(any_socket)
    try:
        request = struct.pack("16sH14x", b"lo", _IFF_UP_RUNNING)
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, request)
    finally:
        os.close(any_socket)
