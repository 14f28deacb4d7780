"""A container's root: the union mounted, /proc, /dev and /sys as programs expect them, its binds.

All of it is mounted in the container's own mount namespace and ends with that.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from layerscope.containers.runtime import kernel
from layerscope.containers.runtime.spec import Box, CannotRun, Network
from layerscope.cow.mount import MountFailed, mount, mount_overlay

_RDONLY, _NOSUID, _NODEV, _NOEXEC, _REMOUNT = 0x1, 0x2, 0x4, 0x8, 0x20
_NOATIME, _NODIRATIME, _BIND, _REC, _PRIVATE = 0x400, 0x800, 0x1000, 0x4000, 0x40000
_RELATIME = 0x200000
_ST_RELATIME = 4096
_STRICT = _NOSUID | _NODEV | _NOEXEC

_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_LINKS = {
    "fd": "/proc/self/fd",
    "stdin": "/proc/self/fd/0",
    "stdout": "/proc/self/fd/1",
    "stderr": "/proc/self/fd/2",
    "ptmx": "pts/ptmx",
}
# What Docker's and Podman's containers can't see or can't change of the host (moby, oci/defaults).
_HIDDEN = (
    "/proc/acpi",
    "/proc/asound",
    "/proc/interrupts",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/sys/firmware",
    "/sys/devices/virtual/powercap",
)
_FIXED = ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger")
# Mount points that an image may lack; they stand in a layer of their own, below the image's.
_BASE_FOLDERS = ("proc", "dev", "sys", "etc")
_BASE_FILES = ("etc/hosts", "etc/hostname", "etc/resolv.conf")


def make_base(place: Path) -> Path:
    """The layer for below an image's, with the mount points that it may lack; made once."""
    if not place.is_dir():
        for name in _BASE_FOLDERS:
            (place / name).mkdir(parents=True, exist_ok=True)
        for name in _BASE_FILES:
            (place / name).touch()
    return place


def write_own_files(own: Path, hostname: str) -> None:
    """What a container has for its /etc/hosts, /etc/hostname and /etc/resolv.conf."""
    names = ("localhost", hostname)
    hosts = [f"127.0.0.1\t{name}\n" for name in names]
    (own / "hosts").write_text("".join([*hosts, "::1\tlocalhost ip6-localhost ip6-loopback\n"]))
    (own / "hostname").write_text(hostname + "\n")
    (own / "resolv.conf").touch()


class _Held(NamedTuple):
    """A file or folder of the host, held open across the change of root."""

    fd: int
    target: str
    read_only: bool


def enter(box: Box) -> None:
    """Make ``box`` this process's root. Only in a mount namespace of its own, with a pid namespace
    whose first process this is. Raises MountFailed, CannotRun."""
    os.umask(0o022)
    _mount("/", b"none", b"/", None, _REC | _PRIVATE)
    mount_overlay(box.layers, box.upper, box.work, box.merged, box.form)
    devices = [_hold(f"/dev/{name}", f"/dev/{name}") for name in _DEVICES]
    binds = [_hold(str(bind.source), bind.target, bind.read_only) for bind in box.binds]
    files = list(_own_files(box))
    system = os.open("/sys", os.O_PATH | os.O_CLOEXEC)
    old = os.open("/", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    os.chdir(box.merged)
    kernel.pivot_root(b".", b".")
    os.chdir("/")
    _mount_proc()
    _mount_dev(devices)
    _mount_sys(system)
    _guard()
    for held in (*files, *binds):
        _bind(held)
    os.fchdir(old)
    kernel.detach(b".")
    os.chdir("/")
    for fd in (old, system, *(held.fd for held in (*devices, *binds, *files))):
        os.close(fd)


def _own_files(box: Box) -> Iterator[_Held]:
    """/etc/hosts and its like: files of the host beside the layers, so that they cost nothing."""
    names = ["hosts", "hostname"]
    if box.network is Network.HOST and os.path.exists("/etc/resolv.conf"):
        yield _hold("/etc/resolv.conf", "/etc/resolv.conf")
    else:
        names.append("resolv.conf")
    for name in names:
        yield _hold(str(box.own / name), f"/etc/{name}")


def _hold(source: str, target: str, read_only: bool = False) -> _Held:
    try:
        return _Held(os.open(source, os.O_PATH | os.O_CLOEXEC), target, read_only)
    except OSError as error:
        raise CannotRun(source, f"it cannot be mounted: {error.strerror}") from error


def _mount(
    what: str, source: bytes, target: bytes, kind: bytes | None, flags: int, options: bytes = b""
) -> None:
    try:
        mount(source, target, kind, flags, options)
    except OSError as error:
        raise MountFailed(what, f"mounting it in the container failed: {error.strerror}") from error


def _mount_proc() -> None:
    _need_folder("/proc")
    _mount("/proc", b"proc", b"/proc", b"proc", _STRICT)


def _mount_dev(devices: Sequence[_Held]) -> None:
    _need_folder("/dev")
    _mount("/dev", b"tmpfs", b"/dev", b"tmpfs", _NOSUID, b"mode=755,size=65536k")
    for held in devices:
        _touch(held.target)
        _bind(held)
    for name, target in _LINKS.items():
        os.symlink(target, f"/dev/{name}")
    for name in ("pts", "shm", "mqueue"):
        os.mkdir(f"/dev/{name}", 0o755)
    options = b"newinstance,ptmxmode=0666,mode=0620"
    _mount("/dev/pts", b"devpts", b"/dev/pts", b"devpts", _NOSUID | _NOEXEC, options)
    _mount("/dev/shm", b"shm", b"/dev/shm", b"tmpfs", _STRICT, b"mode=1777,size=65536k")
    with contextlib.suppress(MountFailed):  # a kernel may lack it
        _mount("/dev/mqueue", b"mqueue", b"/dev/mqueue", b"mqueue", _STRICT)


def _mount_sys(system: int) -> None:
    """A read-only one. The kernel gives a new one only to who owns the network namespace."""
    _need_folder("/sys")
    try:
        _mount("/sys", b"sysfs", b"/sys", b"sysfs", _STRICT | _RDONLY)
    except MountFailed:
        with contextlib.suppress(MountFailed):
            _mount("/sys", _by_fd(system), b"/sys", None, _BIND | _REC)
            _fix("/sys")


def _guard() -> None:
    for path in _HIDDEN:
        if not os.path.exists(path):
            continue
        if os.path.isdir(path):
            _mount(path, b"tmpfs", path.encode(), b"tmpfs", _STRICT | _RDONLY, b"size=0")
        else:
            _mount(path, b"/dev/null", path.encode(), None, _BIND)
    for path in _FIXED:
        if os.path.exists(path):
            _mount(path, path.encode(), path.encode(), None, _BIND | _REC)
            _fix(path)


def _bind(held: _Held) -> None:
    """Bind what is held at its target, which must be there as Docker's has to be."""
    if not os.path.exists(held.target):
        return  # an image that hides its /etc: nobody will look for the file there
    target = os.fsencode(held.target)
    _mount(held.target, _by_fd(held.fd), target, None, _BIND | _REC)
    if held.read_only:
        _fix(held.target)


def _fix(target: str) -> None:
    """Make a bind mount read-only; in a user namespace its other flags must stay as they are."""
    found = os.statvfs(target).f_flag
    flags = found & (_STRICT | _NOATIME | _NODIRATIME)
    flags |= _RELATIME if found & _ST_RELATIME else 0
    _mount(target, b"none", os.fsencode(target), None, _BIND | _REMOUNT | _RDONLY | flags)


def _by_fd(fd: int) -> bytes:
    return b"/proc/self/fd/%d" % fd


def _need_folder(path: str) -> None:
    """A real directory at ``path``: a symlink there would lead a mount astray."""
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        os.mkdir(path, 0o755)
        return
    if not stat.S_ISDIR(found.st_mode):
        raise CannotRun(path, "the image has something else than a directory there")


def _touch(path: str) -> None:
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o666))
