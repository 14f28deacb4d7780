"""A container's root: the union mounted, /proc, /dev and /sys as programs expect them, its binds.

All of it is mounted in the container's own mount namespace and ends with that.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from layerscope.containers.runtime import kernel
from layerscope.containers.runtime.inside import opened
from layerscope.containers.runtime.spec import Box, CannotRun, Network
from layerscope.cow.mount import MountFailed, mount, mount_overlay

_RDONLY, _NOSUID, _NODEV, _NOEXEC, _REMOUNT = 0x1, 0x2, 0x4, 0x8, 0x20
_NOATIME, _NODIRATIME, _BIND, _REC, _PRIVATE = 0x400, 0x800, 0x1000, 0x4000, 0x40000
_UNBINDABLE = 0x20000
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


class _Seen(NamedTuple):
    """A file or folder of the host that is seen at ``target`` in the container; ``needed`` if it
    must be, though nothing is there yet."""

    source: bytes
    target: str
    read_only: bool = False
    needed: bool = True

    @property
    def depth(self) -> int:
        """How many names its target has: what is mounted in another mount comes after that."""
        return len([part for part in self.target.split("/") if part not in ("", ".")])


def enter(box: Box) -> None:
    """Make ``box`` this process's root. Only in a mount namespace of its own, with a pid namespace
    whose first process this is. Raises MountFailed, CannotRun.

    All is mounted from outside, before the root changes: what an image or a volume holds is then
    no way to anywhere.
    """
    os.umask(0o022)
    _mount("/", b"none", b"/", None, _REC | _PRIVATE)
    mount_overlay(box.layers, box.upper, box.work, box.merged, box.form)
    merged = str(box.merged)
    _mount("/", b"none", os.fsencode(merged), None, _UNBINDABLE)  # not seen through -v /:/host
    root = os.open(merged, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    _mount_proc(merged)
    _mount_dev(merged)
    _mount_sys(merged)
    _guard(merged)
    binds = (_Seen(os.fsencode(bind.source), *bind[1:]) for bind in box.binds)
    for seen in sorted((*_own_files(box), *binds), key=lambda seen: seen.depth):
        _bind(root, seen)
    os.fchdir(root)
    old = os.open("/", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    kernel.pivot_root(b".", b".")
    os.fchdir(old)
    kernel.detach(b".")
    os.chdir("/")
    os.close(old)
    os.close(root)


def _own_files(box: Box) -> Iterator[_Seen]:
    """/etc/hosts and its like: files of the host beside the layers, so that they cost nothing. An
    image that hides its /etc does without: nobody will look for them there."""
    places = {name: os.fsencode(box.own / name) for name in ("hosts", "hostname", "resolv.conf")}
    if box.network is Network.HOST and os.path.exists("/etc/resolv.conf"):
        places["resolv.conf"] = b"/etc/resolv.conf"
    for name, source in places.items():
        yield _Seen(source, f"/etc/{name}", needed=False)


def _mount(
    what: str, source: bytes, target: bytes, kind: bytes | None, flags: int, options: bytes = b""
) -> None:
    try:
        mount(source, target, kind, flags, options)
    except OSError as error:
        raise MountFailed(what, f"mounting it in the container failed: {error.strerror}") from error


def _mount_in(
    root: str, path: str, source: bytes, kind: bytes | None, flags: int, options: bytes = b""
) -> None:
    _mount(path, source, os.fsencode(root + path), kind, flags, options)


def _mount_proc(root: str) -> None:
    _need_folder(root, "/proc")
    _mount_in(root, "/proc", b"proc", b"proc", _STRICT)


def _mount_dev(root: str) -> None:
    _need_folder(root, "/dev")
    # Its devices are binds; what a container's root makes beside them opens no disk of the host.
    _mount_in(root, "/dev", b"tmpfs", b"tmpfs", _NOSUID | _NODEV, b"mode=755,size=65536k")
    for name in _DEVICES:
        device = f"/dev/{name}"
        _touch(root + device)
        _mount_in(root, device, device.encode(), None, _BIND)
    for name, target in _LINKS.items():
        os.symlink(target, f"{root}/dev/{name}")
    for name in ("pts", "shm", "mqueue"):
        os.mkdir(f"{root}/dev/{name}", 0o755)
    options = b"newinstance,ptmxmode=0666,mode=0620"
    _mount_in(root, "/dev/pts", b"devpts", b"devpts", _NOSUID | _NOEXEC, options)
    _mount_in(root, "/dev/shm", b"shm", b"tmpfs", _STRICT, b"mode=1777,size=65536k")
    with contextlib.suppress(MountFailed):  # a kernel may lack it
        _mount_in(root, "/dev/mqueue", b"mqueue", b"mqueue", _STRICT)


def _mount_sys(root: str) -> None:
    """A read-only one. The kernel gives a new one only to who owns the network namespace."""
    _need_folder(root, "/sys")
    try:
        _mount_in(root, "/sys", b"sysfs", b"sysfs", _STRICT | _RDONLY)
    except MountFailed:
        with contextlib.suppress(MountFailed):
            _mount_in(root, "/sys", b"/sys", None, _BIND | _REC)
            _restrict("/sys", os.fsencode(root + "/sys"), _RDONLY)


def _guard(root: str) -> None:
    for path in _HIDDEN:
        if not os.path.exists(root + path):
            continue
        if os.path.isdir(root + path):
            _mount_in(root, path, b"tmpfs", b"tmpfs", _STRICT | _RDONLY, b"size=0")
        else:
            _mount_in(root, path, b"/dev/null", None, _BIND)
    for path in _FIXED:
        if os.path.exists(root + path):
            here = os.fsencode(root + path)
            _mount(path, here, here, None, _BIND | _REC)
            _restrict(path, here, _RDONLY)


def _bind(root: int, seen: _Seen) -> None:
    """Bind a file or folder of the host; a mount point that is missing is made in whatever is
    mounted there by now, as Docker does."""
    target = os.fsencode(seen.target)
    try:
        found = os.stat(seen.source)
    except OSError as error:
        what = os.fsdecode(seen.source)
        raise CannotRun(what, f"it cannot be mounted: {error.strerror}") from error
    kind = stat.S_IFDIR if stat.S_ISDIR(found.st_mode) else stat.S_IFREG
    # Devices are the host's to give: with a file that is one, or its /dev.
    no_devices = kind == stat.S_IFDIR and found.st_dev != os.stat("/dev").st_dev
    restricted = _NODEV * no_devices | _RDONLY * seen.read_only
    try:
        with opened(root, target, kind if seen.needed else None) as point:
            _keep_proc(root, point)
            _mount(seen.target, seen.source, _by_fd(point), None, _BIND | _REC)
        if restricted:
            with opened(root, target) as mounted:
                _restrict(seen.target, _by_fd(mounted), restricted)
    except OSError as error:
        if seen.needed:
            why = f"nothing can be mounted there: {error.strerror}"
            raise CannotRun(seen.target, why) from error


def _keep_proc(root: int, point: int) -> None:
    """Nothing of an image or a user may pass for the kernel's /proc."""
    with opened(root, b"/proc") as proc:
        if os.fstat(proc).st_dev == os.fstat(point).st_dev:
            raise PermissionError(errno.EPERM, "it is in /proc")


def _restrict(what: str, target: bytes, more: int) -> None:
    """Give a bind mount ``more`` flags; in a user namespace its others must stay as they are."""
    found = os.statvfs(target).f_flag
    flags = found & (_RDONLY | _STRICT | _NOATIME | _NODIRATIME)
    flags |= _RELATIME if found & _ST_RELATIME else 0
    _mount(what, b"none", target, None, _BIND | _REMOUNT | flags | more)


def _by_fd(fd: int) -> bytes:
    return b"/proc/self/fd/%d" % fd


def _need_folder(root: str, path: str) -> None:
    """A real directory at ``path``: a symlink there would lead a mount astray."""
    try:
        found = os.lstat(root + path)
    except FileNotFoundError:
        os.mkdir(root + path, 0o755)
        return
    if not stat.S_ISDIR(found.st_mode):
        raise CannotRun(path, "the image has something else than a directory there")


def _touch(path: str) -> None:
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o666))
