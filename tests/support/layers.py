"""Layer tars made in a line, and their indexes and stacks."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Sequence
from pathlib import Path

from layerscope.index.ingest import index_layer
from layerscope.index.layer import LayerIndex
from layerscope.index.merge import StackBuilder
from layerscope.index.stack import StackView

TIME = 1_000_000_000


def file(name: str, data: bytes = b"", *, mode: int = 0o644, mtime: float = TIME) -> tuple[
    tarfile.TarInfo, bytes
]:  # fmt: skip
    """A regular file."""
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.mtime = len(data), mode, mtime
    return info, data


def special(name: str, kind: bytes, *, link: str = "", mode: int = 0o755) -> tuple[
    tarfile.TarInfo, bytes
]:  # fmt: skip
    """A directory, symlink, hard link, device or fifo, by its tarfile type."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.mode, info.mtime = kind, link, mode, TIME
    return info, b""


def folder(name: str, *, mode: int = 0o755) -> tuple[tarfile.TarInfo, bytes]:
    """A directory."""
    return special(name, tarfile.DIRTYPE, mode=mode)


def symlink(name: str, to: str) -> tuple[tarfile.TarInfo, bytes]:
    """A symbolic link."""
    return special(name, tarfile.SYMTYPE, link=to, mode=0o777)


def hardlink(name: str, to: str) -> tuple[tarfile.TarInfo, bytes]:
    """A hard link."""
    return special(name, tarfile.LNKTYPE, link=to, mode=0o644)


def tar(entries: Sequence[tuple[tarfile.TarInfo, bytes]], form: int = tarfile.PAX_FORMAT) -> bytes:
    """A tar of the entries, in their order."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form, errors="surrogateescape") as archive:
        for info, data in entries:
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def index(layer: bytes, folder: Path, name: str = "index") -> LayerIndex:
    """The index of a layer tar, kept in ``folder``."""
    index_layer(io.BytesIO(layer), lambda diff_id: folder / name)
    return LayerIndex.open(folder / name)


def stacks(layers: Sequence[bytes], folder: Path) -> list[StackView]:
    """The stack after each of the layer tars."""
    builder = StackBuilder()
    return [
        builder.push(index(layer, folder, f"layer-{n}"), folder / f"stack-{n}")
        for n, layer in enumerate(layers)
    ]
