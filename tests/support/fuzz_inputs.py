"""What fuzzing starts from, and how case number n of a seed is made of it: always the same."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import json
import lzma
import random
import struct
import subprocess
import tarfile
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import zstandard

from layerscope.archive.entry import Entry, Kind
from layerscope.archive.writer import TarWriter
from tests.support.golden import GOLDEN, apply_cases
from tests.support.mutation import bytes_damaged, json_damaged, tar_damaged
from tests.support.odd_layers import odd_layers

Codec = Callable[[bytes], bytes]


def layer(number: int, seed: int) -> bytes:
    """A damaged layer blob: its tar, its compression, or both."""
    dice = random.Random(f"layer {seed} {number}")
    tar = dice.choice(_tars())
    if dice.random() < 0.85:
        tar = tar_damaged(tar, dice)
    codec = dice.choice(_CODECS)
    blob = codec(tar)
    return bytes_damaged(blob, dice) if dice.random() < 0.3 else blob


def image(number: int, seed: int) -> bytes:
    """A damaged image archive, its digests mostly right for what they name."""
    dice = random.Random(f"image {seed} {number}")
    if dice.random() < 0.2:
        archive = dice.choice(_archives())
        return tar_damaged(archive, dice) if dice.random() < 0.7 else bytes_damaged(archive, dice)
    return _Image(dice).archive()


class _Image:
    """An image archive made from its parts, of which one is damaged while it is made."""

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice
        self._victim = dice.choice(("layer", "config", "manifest", "index", "archive", "names"))
        self._files: dict[str, bytes] = {}

    def archive(self) -> bytes:
        """The tar of all parts."""
        dice = self._dice
        tars = [dice.choice(_tars()) for _ in range(dice.randint(0, 3))]
        if self._victim == "layer":
            tars = [tar_damaged(tar, dice) for tar in tars]
        config = self._document("config", _config(tars))
        codec = dice.choice(_CODECS)
        if dice.random() < 0.5:
            self._as_oci(config, [codec(tar) for tar in tars])
        else:
            self._as_docker(config, [codec(tar) for tar in tars])
        out = _tar_of(self._files)
        return tar_damaged(out, dice) if self._victim == "archive" else out

    def _document(self, names: str, value: object) -> bytes:
        data = json.dumps(value).encode()
        return json_damaged(data, self._dice) if self._victim in names else data

    def _blob(self, data: bytes, media_type: str) -> dict[str, object]:
        digest = hashlib.sha256(data).hexdigest()
        if self._victim == "names" and self._dice.random() < 0.3:
            digest = self._dice.choice(("0" * 64, "", "../../../etc/passwd", digest[:-1], "é"))
        self._files[f"blobs/sha256/{digest}"] = data
        size = len(data) if self._dice.random() < 0.95 else self._dice.choice((-1, 0, 1 << 62))
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": size}

    def _as_oci(self, config: bytes, layers: list[bytes]) -> None:
        oci = "application/vnd.oci.image."
        manifest = self._document(
            "manifest",
            {
                "schemaVersion": 2,
                "mediaType": oci + "manifest.v1+json",
                "config": self._blob(config, oci + "config.v1+json"),
                "layers": [self._blob(blob, oci + "layer.v1.tar") for blob in layers],
            },
        )
        entry = self._blob(manifest, oci + "manifest.v1+json")
        platform = {"os": "linux", "architecture": self._dice.choice(("amd64", "arm64", ""))}
        annotations = {"org.opencontainers.image.ref.name": self._dice.choice(("x", "a/b:c", ""))}
        entries = [{**entry, "platform": platform, "annotations": annotations}]
        if self._dice.random() < 0.3:
            index = json.dumps({"schemaVersion": 2, "manifests": entries}).encode()
            entries = [{**self._blob(index, oci + "index.v1+json"), "annotations": annotations}]
        self._files["index.json"] = self._document(
            "index", {"schemaVersion": 2, "manifests": entries}
        )
        self._files["oci-layout"] = b'{"imageLayoutVersion":"1.0.0"}'

    def _as_docker(self, config: bytes, layers: list[bytes]) -> None:
        name = hashlib.sha256(config).hexdigest() + ".json"
        paths = [f"{number}/layer.tar" for number in range(len(layers))]
        self._files[name] = config
        self._files |= dict(zip(paths, layers, strict=True))
        item = {"Config": name, "RepoTags": ["x:latest"], "Layers": paths}
        self._files["manifest.json"] = self._document("manifest index", [item])


def _config(tars: list[bytes]) -> object:
    return {
        "architecture": "amd64",
        "os": "linux",
        "created": "2024-01-02T03:04:05.6789Z",
        "config": {"Env": ["A=b"], "Cmd": ["sh"], "Labels": {"k": "v"}, "User": "0",
                   "ExposedPorts": {"80/tcp": {}}, "Volumes": {"/v": {}},
                   "Healthcheck": {"Test": ["CMD", "x"], "Interval": 30_000_000_000}},
        "rootfs": {
            "type": "layers",
            "diff_ids": [f"sha256:{hashlib.sha256(tar).hexdigest()}" for tar in tars],
        },
        "history": [{"created": "2024-01-02T03:04:05Z", "created_by": "RUN x"} for _ in tars]
        + [{"created_by": "CMD sh", "empty_layer": True}],
    }  # fmt: skip


def _tar_of(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    writer = TarWriter(out)
    for name, data in files.items():
        writer.add(Entry(name.encode() or b"x", Kind.FILE, size=len(data)), [data])
    writer.close()
    return out.getvalue()


def _zstd(data: bytes) -> bytes:
    return zstandard.ZstdCompressor(level=1, write_checksum=True).compress(data)


def _zstd_chunked(data: bytes) -> bytes:
    skippable = struct.pack("<II", 0x184D2A50, 20) + b"a table of contents."
    half = len(data) // 2
    return skippable + _zstd(data[:half]) + skippable + _zstd(data[half:]) + skippable


def _members(data: bytes) -> bytes:
    return b"".join(
        gzip.compress(data[i : i + 1500], 1, mtime=0) for i in range(0, len(data), 1500)
    )


def _gzip(data: bytes) -> bytes:
    return gzip.compress(data, 1, mtime=0)


def _bzip2(data: bytes) -> bytes:
    return bz2.compress(data, 1)


def _xz(data: bytes) -> bytes:
    return lzma.compress(data, preset=0)


_CODECS: tuple[Codec, ...] = (
    bytes, bytes, bytes, _gzip, _members, _zstd, _zstd_chunked, _bzip2, _xz,
)  # fmt: skip
_SAME = ("--mtime=@1000", "--sort=name", "--owner=0", "--group=0")


@cache
def _tars() -> tuple[bytes, ...]:
    """Small layer tars of all formats there are."""
    golden = {layer for case in apply_cases() for layer in case.layers}
    odd = [tar for number in range(60) for tar in odd_layers(random.Random(number))]
    return (*sorted(golden), *odd, _every_kind(), *_gnu_tars(), *_python_tars())


@cache
def _archives() -> tuple[bytes, ...]:
    return tuple(path.read_bytes() for path in sorted((GOLDEN / "system").glob("*.tar")))


def _every_kind() -> bytes:
    out = io.BytesIO()
    writer = TarWriter(out)
    for kind in (Kind.DIR, Kind.FILE, Kind.SYMLINK, Kind.HARDLINK, Kind.CHAR, Kind.FIFO):
        path = kind.word.encode()
        xattrs = {b"user.k": b"v", b"security.capability": bytes(20)}
        entry = Entry(
            path, kind, 0o4755, 1 << 31, 7, size=5, mtime=-5, mtime_ns=9, link=b"file",
            device=(1, 3), xattrs=xattrs,
        )  # fmt: skip
        writer.add(entry, [b"12345"])
    writer.add(Entry(b"long/" * 60 + b"name", Kind.FILE, size=1), [b"x"])
    writer.close()
    return out.getvalue()


def _gnu_tars() -> list[bytes]:
    """Sparse files in each format, and names too long for a header."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / ("n" * 150)).write_bytes(b"long name")
        with Path(folder, "sparse").open("wb") as out:
            for at in range(5):
                out.seek((2 * at + 1) << 16)
                out.write(b"x" * 600)
            out.truncate(1 << 20)
        forms = ("gnu", "oldgnu", "v7", "ustar", "posix", "posix --sparse-version=0.0",
                 "posix --sparse-version=0.1")  # fmt: skip
        return [
            subprocess.run(
                ["tar", "-cS", *f"--format={form}".split(), *_SAME, "-C", folder, "sparse", "."],
                capture_output=True,
                check=False,
            ).stdout
            for form in forms
        ]


def _python_tars() -> list[bytes]:
    found = []
    for form in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w", format=form, pax_headers={"comment": "x"}) as tar:
            info = tarfile.TarInfo("d" * 300)
            info.linkname, info.type = "l" * 300, tarfile.SYMTYPE
            info.uid, info.mtime = 1 << 40, 1.5
            tar.addfile(info)
        found.append(out.getvalue())
    return found
