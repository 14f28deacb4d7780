"""Whether a file is the one that was read before, told without reading it."""

from __future__ import annotations

import os


def fingerprint(about: os.stat_result) -> str:
    """A name of the file as it is: any write, or another file in its place, gives another."""
    times = f"{about.st_mtime_ns:x}-{about.st_ctime_ns:x}"
    return f"{about.st_dev:x}-{about.st_ino:x}-{about.st_size:x}-{times}"
