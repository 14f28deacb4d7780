"""Which form of an overlay directory this process may write, found by trying."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import threading
from pathlib import Path

from layerscope.archive.overlay import Form, Namespace, Owners, Whiteouts
from layerscope.cow.stat import WHITEOUT_DEVICE

_UNWRITABLE = (errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOSPC, errno.EDQUOT)


def detect_form(directory: Path) -> Form:
    """The best form that this process may write in ``directory``; reading takes them all.

    Where it cannot write anything it is what its user usually may.
    """
    probe = directory / f".form-{os.getpid()}-{threading.get_ident()}"
    try:
        probe.mkdir(mode=0o700)
    except OSError as error:
        if error.errno not in _UNWRITABLE:
            raise
        return _form(os.geteuid() == 0, os.geteuid() == 0)
    try:
        trusted = _can_mark(probe, Namespace.TRUSTED)
        devices = _can_whiteout(probe / "whiteout")
    finally:
        with contextlib.suppress(FileNotFoundError):
            (probe / "whiteout").unlink()
        probe.rmdir()
    return _form(trusted, devices)


def _form(trusted: bool, devices: bool) -> Form:
    return Form(
        Namespace.TRUSTED if trusted else Namespace.USER,
        Whiteouts.DEVICE if devices else Whiteouts.XATTR,
        Owners.REAL if os.geteuid() == 0 else Owners.OVERRIDE,
    )


def _can_mark(directory: Path, namespace: Namespace) -> bool:
    try:
        os.setxattr(directory, namespace.value + "probe", b"y")
    except OSError:
        return False
    return True


def _can_whiteout(path: Path) -> bool:
    try:
        os.mknod(path, stat.S_IFCHR, WHITEOUT_DEVICE)
    except OSError:
        return False
    return True
