"""Small images in every form that they are stored in, whole or with something wrong."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sample_images.archives import (
    Image,
    Layer,
    write_docker_archive,
    write_oci_archive,
    write_saved_by_docker_25,
)
from tests.support.layers import file, folder, tar

Members = dict[str, bytes]

BASE = tar([folder("etc"), file("etc/motd", b"welcome"), file("big", b"0" * 5000)])
TOP = tar([file("etc/motd", b"changed"), file("new", b"new!"), file(".wh.big")])


def image(*names: str, layers: Sequence[bytes | Layer] = (BASE, TOP), note: str = "") -> Image:
    """An image of plain layers; a ``note`` makes it another image."""
    history: list[dict[str, Any]]
    history = [{"created_by": f"RUN {number}{note}"} for number in range(len(layers))]
    history.append({"created_by": 'CMD ["sh"]', "empty_layer": True})
    kept = tuple(one if isinstance(one, Layer) else Layer.plain(one) for one in layers)
    return Image(names, kept, tuple(history), "2024-01-02T03:04:05Z", {"Cmd": ["sh"]})


def docker_members(*images: Image) -> Members:
    """The members of what Docker 20 saves."""
    out = io.BytesIO()
    write_docker_archive(out, images)
    return _members(out)


def docker_25_members(*images: Image) -> Members:
    """The members of what Docker 25 saves."""
    out = io.BytesIO()
    write_saved_by_docker_25(out, images)
    return _members(out)


def oci_members(*images: Image) -> Members:
    """The files of an OCI image layout."""
    out = io.BytesIO()
    write_oci_archive(out, images)
    return _members(out)


def _members(out: io.BytesIO) -> Members:
    out.seek(0)
    with tarfile.open(fileobj=out) as archive:
        streams = {member.name: archive.extractfile(member) for member in archive}
        return {name: stream.read() for name, stream in streams.items() if stream}


def write_tar(
    path: Path,
    members: Members,
    *,
    symlinks: Mapping[str, str] | None = None,
    hardlinks: Mapping[str, str] | None = None,
    form: int = tarfile.PAX_FORMAT,
) -> Path:
    """A tar of the members, then of links; ``path``."""
    with tarfile.open(path, "w", format=form) as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        for kind, links in ((tarfile.SYMTYPE, symlinks), (tarfile.LNKTYPE, hardlinks)):
            for name, target in (links or {}).items():
                info = tarfile.TarInfo(name)
                info.type, info.linkname = kind, target
                archive.addfile(info)
    return path


def write_folder(path: Path, members: Members) -> Path:
    """The members as files below ``path``; ``path``."""
    for name, data in members.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(data)
    return path
