"""Finds the points of a gzip blob from which it can be read on."""

from __future__ import annotations

import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from layerscope.archive.blob import FileRange
from layerscope.archive.seek_points import WINDOW, Point, SeekPoints, Subject
from layerscope.progress import Progress

# The header and one point of the GZIDX format, version 1 (indexed_gzip, zran.c).
_GZIDX = struct.Struct("<5sBBQQIII")
_GZIDX_POINT = struct.Struct("<QQBB")


def find_points(
    blob: FileRange, tar_size: int, path: Path, subject: Subject, progress: Progress
) -> bool:
    """Find points every few megabytes of a gzip blob and keep them in ``path``.

    Inflates all of it once, in another process. False if that did not work, gave anything but
    ``tar_size`` bytes, or ``path`` cannot be written. Raises what ``progress`` raises to stop it.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="seek-", dir=path.parent) as folder:
            found = Path(folder, "points")
            if not _run(blob, found, subject.name, progress):
                return False
            total, points = _read_gzidx(found.read_bytes())
            if total != tar_size:
                return False
            SeekPoints.write(path, subject, points)
    except (OSError, struct.error):
        return False
    return True


def _run(blob: FileRange, output: Path, task: str, progress: Progress) -> bool:
    program = Path(__file__).with_name("seek_points_process.py")
    words = [str(blob.path), str(blob.offset), str(blob.size), str(output)]
    progress.begin(task, blob.size)
    # -P: the program's own folder is no place to import from.
    with subprocess.Popen(
        [sys.executable, "-P", str(program), *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            for line in process.stdout or ():
                progress.advance(task, int(line))
                progress.check()
        except BaseException:
            process.kill()
            raise
    progress.end(task)
    return process.returncode == 0


def _read_gzidx(data: bytes) -> tuple[int, Iterator[Point]]:
    magic, version, _, _, total, _, window, count = _GZIDX.unpack_from(data)
    if magic != b"GZIDX" or version != 1 or window != WINDOW:
        raise struct.error("another format")
    return total, _gzidx_points(data, total, count)


def _gzidx_points(data: bytes, total: int, count: int) -> Iterator[Point]:
    at = _GZIDX.size
    windows = at + count * _GZIDX_POINT.size
    for _ in range(count):
        byte, output, bits, has_window = _GZIDX_POINT.unpack_from(data, at)
        at += _GZIDX_POINT.size
        window = data[windows : windows + WINDOW] if has_window else b""
        windows += len(window)
        if output < total:
            # ``bits`` of the byte before belong to the block.
            yield Point(output, byte * 8 - bits, window)
