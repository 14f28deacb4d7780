"""*wide*: 600k entries in 2 layers of tiny files, as a tree of installed packages has them."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from typing import Any

from sample_images.archives import Image, Layer

_PACKAGES = 1600
_FOLDERS = 10
_FILES = 25
_CREATED = "2024-01-15T10:00:00Z"
_STEPS = (
    "COPY node_modules /srv/app/node_modules # buildkit",
    "RUN /bin/sh -c npm update && rm -rf /srv/app/node_modules/*/folder-0 # buildkit",
)


def layers(folder: Path) -> list[Path]:
    """Write the 2 layers' tars into ``folder``; 416k and 184k entries."""
    files = [folder / "layer-0.tar", folder / "layer-1.tar"]
    with tarfile.open(files[0], "w", format=tarfile.USTAR_FORMAT) as tar:
        for package in range(_PACKAGES):
            _write_package(tar, package, range(_FOLDERS), b"one")
    with tarfile.open(files[1], "w", format=tarfile.USTAR_FORMAT) as tar:
        for package in range(_PACKAGES):
            _write_package(tar, package, range(7, 11), b"second")
            _add(tar, f"{_package(package)}/.wh.folder-0", b"")
        for package in range(_PACKAGES, _PACKAGES + 60):
            _write_package(tar, package, range(_FOLDERS), b"second")
    return files


def image(stored: tuple[Layer, ...]) -> Image:
    """The image of the 2 layers."""
    history: tuple[dict[str, Any], ...] = tuple(
        {"created": _CREATED, "created_by": step, "comment": "buildkit.dockerfile.v0"}
        for step in _STEPS
    )
    return Image(("example/wide:latest",), stored, history, _CREATED)


def _package(number: int) -> str:
    return f"srv/app/node_modules/package-{number:04}"


def _write_package(tar: tarfile.TarFile, number: int, folders: range, text: bytes) -> None:
    _add_folder(tar, _package(number))
    for folder in folders:
        _add_folder(tar, f"{_package(number)}/folder-{folder}")
        for file in range(_FILES):
            content = b"%s %d %d %d\n" % (text, number, folder, file)
            _add(tar, f"{_package(number)}/folder-{folder}/module-{file:02}.js", content)


def _add_folder(tar: tarfile.TarFile, path: str) -> None:
    info = tarfile.TarInfo(path)
    info.type, info.mode = tarfile.DIRTYPE, 0o755
    tar.addfile(info)


def _add(tar: tarfile.TarFile, path: str, content: bytes) -> None:
    info = tarfile.TarInfo(path)
    info.size, info.mtime = len(content), 1_705_312_800
    tar.addfile(info, io.BytesIO(content))
