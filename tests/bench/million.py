"""An index of a million rows and a layer of 44,000 changes above it."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

from layerscope.index.ingest import index_layer
from layerscope.index.layer import LayerIndex
from layerscope.index.merge import StackBuilder

_FOLDERS = 1000
_FILES = 1000
_CHANGED_FOLDERS = 44


def write(folder: Path) -> None:
    """Write `lower` and `upper` (layer indexes), `stack` and `paths` (a path a line)."""
    folder.mkdir()
    for name, folders, text in (("lower", _FOLDERS, b""), ("upper", _CHANGED_FOLDERS, b"new\n")):
        tar = folder / "layer.tar"
        _write_tar(tar, folders, text)
        with tar.open("rb") as raw:
            index_layer(raw, lambda diff_id, name=name: folder / name)  # type: ignore[misc]
        tar.unlink()
    builder = StackBuilder()
    builder.push(LayerIndex.open(folder / "lower"), folder / "lower-stack")
    builder.push(LayerIndex.open(folder / "upper"), folder / "stack")
    lower = LayerIndex.open(folder / "lower")
    paths = (key.replace(b"\0", b"/") for key in lower.keys())  # noqa: SIM118 - not a mapping
    (folder / "paths").write_bytes(b"\n".join(paths) + b"\n")


def _write_tar(out: Path, folders: int, text: bytes) -> None:
    with tarfile.open(out, "w", format=tarfile.USTAR_FORMAT) as tar:
        for number in range(folders):
            parent = f"usr/lib/python3/dist-packages/package_{number:04}"
            info = tarfile.TarInfo(parent)
            info.type, info.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(info)
            for file in range(_FILES):
                info = tarfile.TarInfo(f"{parent}/module_{file:03}.py")
                info.size = len(text)
                tar.addfile(info, io.BytesIO(text))
