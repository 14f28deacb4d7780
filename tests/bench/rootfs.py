"""Root file systems of a real distribution, made by mmdebstrap."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

_TOOLCHAINS = (
    "ca-certificates,build-essential,gfortran,clang,cmake,python3-dev,python3-pip,python3-numpy,"
    "python3-scipy,openjdk-17-jdk-headless,libboost1.74-dev"
)
_SUITE = "bookworm"
# Files that are written during the installation get this time, so that two runs agree.
_EPOCH = "1700000000"


def minimal(out: Path) -> None:
    """Write Debian's smallest installation as a tar (170 MB, 9k entries)."""
    _mmdebstrap(out, ())


def toolchains(out: Path) -> None:
    """Write the minimal one with compilers, Python and a JDK (1.6 GB, 45k entries)."""
    _mmdebstrap(out, (f"--include={_TOOLCHAINS}",))


def _mmdebstrap(out: Path, options: tuple[str, ...]) -> None:
    sources = [
        str(file)
        for file in (
            Path("/etc/apt/sources.list"),
            Path("/etc/apt/sources.list.d/debian.sources"),
        )
        if file.is_file()
    ]
    subprocess.run(
        [
            "mmdebstrap",
            "--quiet",
            "--format=tar",
            "--variant=minbase",
            *options,
            _SUITE,
            str(out),
            *sources,
        ],
        env={**os.environ, "SOURCE_DATE_EPOCH": _EPOCH},
        stdin=subprocess.DEVNULL,
        check=True,
    )
