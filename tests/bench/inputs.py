"""The images that the benches look at, made once and kept in a folder."""

from __future__ import annotations

import contextlib
import gzip
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import zstandard

from layerscope.index.layer import MAGIC
from sample_images.archives import (
    GZIP,
    ZSTD,
    Blob,
    Image,
    Layer,
    write_docker_archive,
    write_oci_archive,
)
from tests.bench import big, million, rootfs, wide

_CHUNK = 1 << 20


@dataclass(frozen=True)
class Inputs:
    """Where each input lies; asking for one makes it if it isn't there."""

    folder: Path

    @property
    def big(self) -> Path:
        """2 GB, 8 layers, 60k entries, as `docker save` of Docker 20 writes it."""
        return self._made("big.docker.tar", lambda out: self._docker(out, self._big_image()))

    @property
    def big_gzip(self) -> Path:
        """The same as an oci-archive with gzip layers."""
        return self._made("big.gzip.oci.tar", lambda out: self._oci(out, GZIP, _gzip))

    @property
    def big_zstd(self) -> Path:
        """The same as an oci-archive with zstd layers."""
        return self._made("big.zstd.oci.tar", lambda out: self._oci(out, ZSTD, _zstd))

    @property
    def wide(self) -> Path:
        """600k entries in 2 layers, as `docker save` of Docker 20 writes it."""
        return self._made("wide.docker.tar", lambda out: self._docker(out, self._wide_image()))

    @property
    def gzip_layer(self) -> Path:
        """The largest of *big*'s layers, compressed by gzip, alone."""
        return self._made(
            "layer.tar.gz", lambda out: _gzip(max(self._big_layers(), key=_size), out)
        )

    @property
    def million(self) -> Path:
        """A folder with the index of a layer of a million rows and a small layer above it."""
        return self._made(f"million-{MAGIC.decode().lower()}", million.write)

    def make_all(self) -> None:
        """Make all that aren't there."""
        _ = self.big, self.big_gzip, self.big_zstd, self.wide, self.gzip_layer, self.million

    def _made(self, name: str, make: Callable[[Path], None]) -> Path:
        file = self.folder / name
        if not file.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            print(f"making {name} …", file=sys.stderr, flush=True)
            with _whole_or_not_at_all(file) as part:
                make(part)
        return file

    def _big_layers(self) -> list[Path]:
        def make(out: Path) -> None:
            out.mkdir()
            big.layers(
                self._made("minbase.tar", rootfs.minimal),
                self._made("toolchains.tar", rootfs.toolchains),
                out,
            )

        return sorted(self._made("big.layers", make).iterdir())

    def _big_image(self) -> Image:
        return big.image(tuple(map(Layer.plain, self._big_layers())))

    def _wide_image(self) -> Image:
        def make(out: Path) -> None:
            out.mkdir()
            wide.layers(out)

        folder = self._made("wide.layers", make)
        return wide.image(tuple(map(Layer.plain, sorted(folder.iterdir()))))

    def _docker(self, out: Path, image: Image) -> None:
        with out.open("wb") as stream:
            write_docker_archive(stream, [image])

    def _oci(self, out: Path, media_type: str, compress: Callable[[Path, Path], None]) -> None:
        with tempfile.TemporaryDirectory(dir=self.folder) as scratch, out.open("wb") as stream:
            layers = []
            for tar in self._big_layers():
                compressed = Path(scratch) / tar.name
                compress(tar, compressed)
                layers.append(Layer(Blob(tar), Blob(compressed), media_type))
            write_oci_archive(stream, [big.image(tuple(layers))])


def default_folder() -> Path:
    """Where the inputs lie unless an option says otherwise."""
    return Path(os.environ.get("TMPDIR", "/tmp")) / "layerscope-bench"


@contextlib.contextmanager
def _whole_or_not_at_all(file: Path) -> Iterator[Path]:
    part = file.with_name(file.name + ".part")
    if part.is_dir():
        shutil.rmtree(part)
    part.unlink(missing_ok=True)
    yield part
    part.rename(file)


def _gzip(tar: Path, out: Path) -> None:
    with tar.open("rb") as source, gzip.open(out, "wb", compresslevel=6) as target:
        shutil.copyfileobj(source, target, _CHUNK)


def _zstd(tar: Path, out: Path) -> None:
    with tar.open("rb") as source, out.open("wb") as target:
        zstandard.ZstdCompressor().copy_stream(source, target)


def _size(file: Path) -> int:
    return file.stat().st_size
