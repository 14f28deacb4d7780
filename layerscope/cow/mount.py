"""Mounting the kernel's overlay on layers in our form, and entering a user namespace to do it."""

from __future__ import annotations

import ctypes
import errno
import os
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from layerscope.archive.overlay import Form, Namespace
from layerscope.cow import xattrs
from layerscope.errors import LayerscopeError

_MS_NODEV = 0x4
_MS_REC = 0x4000
_MS_PRIVATE = 0x40000
_MNT_DETACH = 0x2
_CLONE_NEWNS = 0x00020000
_CLONE_NEWUSER = 0x10000000
# mount(2) takes one page of options.
_OPTIONS_MAX = 4095


class MountFailed(LayerscopeError):
    """The kernel would not mount an overlay."""


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _check(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def mount(source: bytes, target: bytes, kind: bytes | None, flags: int, options: bytes) -> None:
    """mount(2). Raises OSError."""
    _check(_libc().mount(source, target, kind, ctypes.c_ulong(flags), options))


def escaped(path: str) -> str:
    """A directory's path for the overlay's option text, where ``\\``, ``:`` and ``,`` mean
    something else."""
    for special in "\\:,":
        path = path.replace(special, "\\" + special)
    return path


def overlay_options(lowers: Sequence[Path], upper: Path, work: Path, form: Form) -> str:
    """The options of an overlay mount; ``lowers`` are bottom first.

    The features that rewrite the form of the layers are switched off by name: what a host's
    defaults are must not change what lies in a layer.
    """
    stack = ":".join(escaped(str(path)) for path in reversed(lowers))
    options = [
        f"lowerdir={stack}",
        f"upperdir={escaped(str(upper))}",
        f"workdir={escaped(str(work))}",
        "index=off",
        "xino=off",
    ]
    if form.namespace is Namespace.USER:
        # It implies the two others, and the kernel refuses to hear of them as well.
        options.append("userxattr")
    else:
        options += ["redirect_dir=off", "metacopy=off"]
    return ",".join(options)


def above_opaque_root(lowers: Sequence[Path], namespace: Namespace) -> Sequence[Path]:
    """The layers that can be seen: an opaque root hides those below, which a mount overlooks."""
    mark = namespace.value + "opaque"
    for number in range(len(lowers) - 1, 0, -1):
        if xattrs.get(os.fsencode(lowers[number]), mark) == b"y":
            return lowers[number:]
    return lowers


def mount_overlay(
    lowers: Sequence[Path], upper: Path, work: Path, target: Path, form: Form
) -> None:
    """Mount the stack at ``target``. Raises MountFailed with the reason and what to do."""
    lowers = above_opaque_root(lowers, form.namespace)
    options = overlay_options(lowers, upper, work, form)
    held: list[int] = []
    try:
        if len(os.fsencode(options)) > _OPTIONS_MAX:
            held = [os.open(path, os.O_PATH | os.O_CLOEXEC) for path in lowers]
            short = [Path(f"/proc/self/fd/{fd}") for fd in held]
            options = overlay_options(short, upper, work, form)
        mount(b"overlay", os.fsencode(target), b"overlay", _MS_NODEV, os.fsencode(options))
    except OSError as error:
        raise MountFailed(str(target), _reason(error, lowers), _HINT) from error
    finally:
        for fd in held:
            os.close(fd)


_HINT = "use the engine driver, which needs no mount"


def _reason(error: OSError, lowers: Sequence[Path]) -> str:
    if error.errno in (errno.EPERM, errno.EACCES):
        return (
            "the kernel does not let this user mount an overlay "
            "(some distributions take the right away from unprivileged user namespaces)"
        )
    if error.errno == errno.ENODEV:
        return "this kernel has no overlay file system"
    if error.errno == errno.EINVAL:
        return (
            f"the kernel refused these {len(lowers)} layers "
            "(the upper's file system may lack xattrs, or be an overlay itself)"
        )
    return f"mounting the overlay failed: {error.strerror}"


def unmount(target: Path) -> None:
    """Take a mount away, lazily if it is in use. Raises OSError."""
    place = os.fsencode(target)
    if _libc().umount2(place, 0) != 0:
        _check(_libc().umount2(place, _MNT_DETACH))


def own_mounts() -> None:
    """A mount namespace of this process's own: its mounts end with it. Needs to be root."""
    _check(_libc().unshare(_CLONE_NEWNS))
    mount(b"none", b"/", None, _MS_REC | _MS_PRIVATE, b"")


def own_users_and_mounts() -> None:
    """A user namespace where this user is root, with its own mounts.

    Raises MountFailed where unprivileged user namespaces are switched off.
    """
    uid, gid = os.geteuid(), os.getegid()
    try:
        _check(_libc().unshare(_CLONE_NEWUSER | _CLONE_NEWNS))
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"0 {uid} 1")
        Path("/proc/self/gid_map").write_text(f"0 {gid} 1")
        mount(b"none", b"/", None, _MS_REC | _MS_PRIVATE, b"")
    except OSError as error:
        why = f"this system does not let a user have a namespace of his own: {error.strerror}"
        raise MountFailed("user namespace", why, _HINT) from error
