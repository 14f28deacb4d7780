"""*big*: 2 GB in 8 layers and 60k entries, a Debian with compilers, Python and a JDK, and the
habits that make images large."""

from __future__ import annotations

import re
import tarfile
from pathlib import Path
from typing import Any

from sample_images.archives import Image, Layer
from tests.bench.rootfs_tar import RootfsTar, cut, whiteouts

_LANGUAGES = re.compile(r".*(python|jvm|java|jdk|numpy|scipy|ca-cert)").match
_HEADERS = "usr/include"
_JDK = "usr/lib/jvm"
_COPY = "opt/jdk"
_DOCUMENTS = ("usr/share/doc", "usr/share/man", "usr/share/locale")
_CREATED = "2024-01-15T10:00:00Z"
_TOUCHED = 1_705_312_800

_STEPS = (
    "/bin/sh -c #(nop) ADD file:minbase.tar in / ",
    "/bin/sh -c #(nop)  LABEL org.opencontainers.image.title=toolchains",
    "/bin/sh -c apt-get update && apt-get install -y build-essential gfortran clang cmake",
    "/bin/sh -c apt-get install -y python3-dev python3-scipy openjdk-17-jdk-headless",
    f"/bin/sh -c chmod -R go-w,a+X /{_HEADERS}",
    f"/bin/sh -c cp -a /{_JDK} /{_COPY} && /{_COPY}/*/bin/java -version",
    f"/bin/sh -c rm -rf /{_COPY}",
    "/bin/sh -c rm -rf /usr/share/doc /usr/share/man /usr/share/locale",
    "/bin/sh -c find /usr/lib/python3.11 -type f -exec touch {} +",
    "/bin/sh -c #(nop)  ENV JAVA_HOME=/usr/lib/jvm/java-17-openjdk-amd64",
    '/bin/sh -c #(nop)  CMD ["bash"]',
)


def layers(minbase: Path, toolchains: Path, folder: Path) -> list[Path]:
    """Write the 8 layers' tars into ``folder``; bottom up."""
    files = [folder / f"layer-{number}.tar" for number in range(8)]
    with RootfsTar(minbase) as base, RootfsTar(toolchains) as full:
        cut(base, base.members, files[0])
        added = full.differing(base)
        cut(full, [path for path in added if not _LANGUAGES(path)], files[1])
        cut(full, [path for path in added if _LANGUAGES(path)], files[2])
        cut(full, full.matching(_HEADERS), files[3], _chmod)
        cut(full, full.matching(_JDK), files[4], moved=(_JDK, _COPY))
        whiteouts(full, [_COPY], files[5])
        whiteouts(full, _DOCUMENTS, files[6])
        python = [
            path for path in full.matching("usr/lib/python3.11/") if full.members[path].isreg()
        ]
        cut(full, python, files[7], _touch)
    return files


def image(stored: tuple[Layer, ...]) -> Image:
    """The image of the 8 layers, however they are stored."""
    return Image(("example/big:latest",), stored, tuple(map(_row, _STEPS)), _CREATED)


def _row(step: str) -> dict[str, Any]:
    row = {"created": _CREATED, "created_by": step}
    metadata = "#(nop)" in step and "ADD" not in step
    return row | {"empty_layer": True} if metadata else row


def _chmod(info: tarfile.TarInfo) -> None:
    info.mode = (info.mode & ~0o022) | 0o100 if info.isdir() else info.mode ^ 0o004


def _touch(info: tarfile.TarInfo) -> None:
    info.mtime = _TOUCHED
