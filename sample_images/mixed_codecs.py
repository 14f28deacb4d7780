"""`mixed-codecs`: one image whose layers are stored plain, as gzip and as zstd, from tars in three
dialects."""

from __future__ import annotations

import tarfile
from collections.abc import Callable

from sample_images.archives import GZIP, PLAIN, ZSTD, Blob, Image, Layer
from sample_images.compress import gzip_members, zstd_frames
from sample_images.contents import program, text
from sample_images.layer_tar import LayerTar
from sample_images.steps import Step, image

_LONG = "/".join(("a-folder-with-a-name-that-is-not-short",) * 6)


def make() -> Image:
    """The image: a plain GNU tar, a gzip of one member, one of three, and zstd of two frames."""
    steps = (
        Step("ADD base.tar / # a plain GNU tar", _stored(_base(), PLAIN)),
        Step("COPY docs /usr/share/doc # gzip", _stored(_docs(), GZIP, gzip_members)),
        Step("COPY lib /usr/lib # gzip, three members", _stored(_libraries(), GZIP, _three_gzips)),
        Step('ENV LANG="C.UTF-8"'),
        Step("COPY data /srv/data # zstd, two frames", _stored(_data(), ZSTD, _two_zstds)),
        Step('CMD ["sh"]'),
    )
    runtime = {"Cmd": ["sh"], "Env": ["LANG=C.UTF-8"]}
    return image("example/mixed-codecs:latest", steps, runtime)


def _stored(tar: LayerTar, media_type: str, pack: Callable[[bytes], bytes] = bytes) -> Layer:
    plain = bytes(tar)
    return Layer(Blob(plain), Blob(pack(plain)), media_type)


def _three_gzips(data: bytes) -> bytes:
    return gzip_members(data, (512, len(data) // 2))


def _two_zstds(data: bytes) -> bytes:
    return zstd_frames(data, (len(data) // 3,))


def _base() -> LayerTar:
    layer = LayerTar(day=0, tar_format=tarfile.GNU_FORMAT)
    layer.folders("etc", "srv", "usr", "usr/bin", "usr/lib", "usr/share")
    layer.file("usr/bin/sh", program("sh", 24_000), mode=0o755)
    layer.file(f"srv/{_LONG}/file", b"a name of more than 100 bytes\n")
    layer.symlink("srv/link", f"{_LONG}/file")
    return layer.file("etc/owner", b"a uid of more than 7 octal digits\n", owner=3_000_000)


def _docs() -> LayerTar:
    layer = LayerTar(day=1).folders("usr", "usr/share", "usr/share/doc")
    for number in range(40):
        layer.file(f"usr/share/doc/chapter-{number:02}.txt", text(f"chapter {number}", 4_000))
    return layer


def _libraries() -> LayerTar:
    layer = LayerTar(day=2, tar_format=tarfile.USTAR_FORMAT).folders("usr", "usr/lib")
    for number in range(6):
        layer.file(f"usr/lib/lib{number}.so", program(f"lib{number}", 12_000), mode=0o755)
    return layer


def _data() -> LayerTar:
    layer = LayerTar(day=4).folders("srv", "srv/data")
    layer.file("srv/data/blank.img", bytes(1_000_000))
    layer.file("srv/data/table.csv", text("table", 30_000))
    return layer.removed("srv/link")
