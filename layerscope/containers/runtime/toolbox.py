"""The host's busybox, lent to containers whose image has no shell.

It stands in a layer of its own below the image's, so that whatever the image has wins, and it costs
no container anything.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from layerscope.containers.runtime.spec import CannotRun

_ELF, _PROGRAM_HEADERS, _INTERPRETER = b"\x7fELF", 32, 3


def toolbox(place: Path) -> Path:
    """The layer at ``place``, made if it isn't there or is another busybox's.

    Raises CannotRun where the host has no static busybox, OSError.
    """
    host = _host_busybox()
    lent = place / "bin" / "busybox"
    if not (lent.exists() and _same(host, lent)):
        _make(host, place)
    return place


def _host_busybox() -> Path:
    found = shutil.which("busybox")
    if found is None or not _is_static(Path(found)):
        why = "the host has no static busybox" if found is None else f"{found} is not static"
        raise CannotRun("toolbox", why, "install it (Debian: apt install busybox-static)")
    return Path(found).resolve()


def _is_static(program: Path) -> bool:
    """Whether an ELF program (64-bit, little-endian) needs nothing besides itself."""
    with program.open("rb") as file:
        head = file.read(1 << 12)
    if head[:4] != _ELF or head[4:6] != b"\x02\x01":
        return False
    start = int.from_bytes(head[_PROGRAM_HEADERS : _PROGRAM_HEADERS + 8], "little")
    size, count = (int.from_bytes(head[at : at + 2], "little") for at in (54, 56))
    kinds = (head[start + n * size : start + n * size + 4] for n in range(count))
    return _INTERPRETER not in (int.from_bytes(kind, "little") for kind in kinds)


def _same(host: Path, lent: Path) -> bool:
    one, other = host.stat(), lent.stat()
    return (one.st_size, one.st_mtime_ns) == (other.st_size, other.st_mtime_ns)


def _make(host: Path, place: Path) -> None:
    making = place.with_name(f"{place.name}-{os.getpid()}")
    (making / "bin").mkdir(parents=True)
    shutil.copy2(host, making / "bin" / "busybox")
    (making / "bin" / "busybox").chmod(0o755)
    names = subprocess.run([host, "--list"], capture_output=True, text=True, check=True).stdout
    for name in names.split():
        if name != "busybox":
            (making / "bin" / name).symlink_to("busybox")
    shutil.rmtree(place, ignore_errors=True)
    try:
        making.rename(place)
    except OSError:  # somebody else was faster
        shutil.rmtree(making)
