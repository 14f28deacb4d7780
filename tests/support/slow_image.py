"""An image that takes a while to read and no room on the disk: its layer is a hole in a file."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import BinaryIO


def write_slow_image(path: Path, size: int) -> Path:
    """A docker-archive with one layer, in which one file has ``size`` zero bytes."""
    layer_size = 512 + _padded(size) + 1024
    config = {
        "architecture": "amd64",
        "os": "linux",
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + "0" * 64]},
        "history": [{"created_by": "COPY zeros /"}],
        "config": {},
    }
    manifest = [{"Config": "config.json", "RepoTags": ["slow:1"], "Layers": ["layer.tar"]}]
    with path.open("wb") as out:
        _member(out, "manifest.json", json.dumps(manifest).encode())
        _member(out, "config.json", json.dumps(config).encode())
        out.write(_header("layer.tar", layer_size))
        end = out.tell() + layer_size
        out.write(_header("zeros", size))
        out.truncate(_padded(end) + 1024)
    return path


def _member(out: BinaryIO, name: str, data: bytes) -> None:
    out.write(_header(name, len(data)))
    out.write(data)
    out.write(bytes(_padded(len(data)) - len(data)))


def _header(name: str, size: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.size = size
    return info.tobuf(tarfile.GNU_FORMAT)


def _padded(size: int) -> int:
    return -(-size // 512) * 512
