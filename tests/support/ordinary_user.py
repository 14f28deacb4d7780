"""Runs a function as a user who may nothing special, in a process of its own."""

from __future__ import annotations

import ctypes
import os
import shutil
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

NOBODY = 65534
_SET_DUMPABLE = 4


@contextmanager
def their_directory() -> Iterator[Path]:
    """A directory that the ordinary user owns and can reach."""
    directory = Path(tempfile.mkdtemp())
    directory.chmod(0o755)
    if os.geteuid() == 0:
        os.chown(directory, NOBODY, NOBODY)
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def as_ordinary_user(work: Callable[[], None]) -> str:
    """What went wrong in ``work``, "" if nothing did. Whoever isn't root is ordinary already."""
    near, far = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(near)
        said = ""
        try:
            if os.geteuid() == 0:
                os.setgroups([])
                os.setresgid(NOBODY, NOBODY, NOBODY)
                os.setresuid(NOBODY, NOBODY, NOBODY)
                # Who gave up root may not look at himself in /proc until he says so.
                ctypes.CDLL(None).prctl(_SET_DUMPABLE, 1)
            work()
        except BaseException:
            said = traceback.format_exc()
        with os.fdopen(far, "w") as out:
            out.write(said)
        os._exit(0)
    os.close(far)
    with os.fdopen(near) as heard:
        said = heard.read()
    os.waitpid(child, 0)
    return said
