"""Standard output that takes any name, and may be closed, full or a broken pipe."""

from __future__ import annotations

import errno
import io
import os
import stat
import sys
from contextlib import suppress


def prepare() -> None:
    """What the terminal's encoding can't say is escaped; closed streams swallow what they get."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115 - for the process's lifetime
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def flush_output() -> None:
    """Write what is left. A terminal that was closed meanwhile takes nothing, and there is nobody
    to be told of that. Raises OSError for everything else that doesn't take it."""
    try:
        sys.stdout.flush()
    except OSError as error:
        terminal = stat.S_ISCHR(os.fstat(sys.stdout.fileno()).st_mode)
        if error.errno != errno.EIO or not terminal:
            raise
        drop_output()


def drop_output() -> None:
    """Nothing takes standard output any more: what is left of it must not fail once again."""
    with suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
