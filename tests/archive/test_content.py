"""Any bytes of a layer, whatever the codec; a cache that is damaged is not trusted."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import random
import subprocess
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import zstandard
from xxhash import xxh3_64_intdigest

from layerscope.archive import content as content_module
from layerscope.archive import find_seek_points, spool
from layerscope.archive.blob import BrokenBlob, FileRange
from layerscope.archive.codec import Codec
from layerscope.archive.content import LayerContent, WrongContent, file_chunks
from layerscope.archive.entry import Entry, Kind
from layerscope.archive.gzip_seek import _filler, read_from
from layerscope.archive.read_tar import entry_at
from layerscope.archive.scan import TarScanner
from layerscope.archive.seek_points import Point, SeekPoints, Subject
from layerscope.errors import Cancelled
from layerscope.progress import Silent

NAME = "sha256:" + "5" * 64
SIZE = 12_000_000


def make_data() -> bytes:
    """Text that compresses as files do, with stretches that don't at all."""
    dice = random.Random(5)
    words = [dice.randbytes(dice.randint(2, 9)) for _ in range(5000)]
    out = bytearray()
    while len(out) < SIZE:
        out += b" ".join(dice.choices(words, k=20_000))
        out += dice.randbytes(50_000)
    return bytes(out[:SIZE])


DATA = make_data()


def gzip_members(data: bytes) -> bytes:
    """Many members of many sizes, as eStargz has them."""
    dice = random.Random(7)
    out, at = bytearray(), 0
    while at < len(data):
        size = dice.choice([1, 700, 40_000, 900_000])
        out += gzip.compress(data[at : at + size], 1)
        at += size
    return bytes(out)


def zstd_fast(data: bytes) -> bytes:
    return zstandard.ZstdCompressor(level=1).compress(data)


BLOBS: dict[str, tuple[Codec, Callable[[bytes], bytes]]] = {
    "plain": (Codec.PLAIN, bytes),
    "gzip": (Codec.GZIP, lambda data: gzip.compress(data, 6)),
    "gzip-1": (Codec.GZIP, lambda data: gzip.compress(data, 1)),
    "gzip-0": (Codec.GZIP, lambda data: gzip.compress(data, 0)),
    "members": (Codec.GZIP, gzip_members),
    "padded": (Codec.GZIP, lambda data: gzip.compress(data, 1) + bytes(100_000)),
    "zstd": (Codec.ZSTD, zstd_fast),
    "xz": (Codec.XZ, lambda data: lzma.compress(data, preset=0)),
    "bzip2": (Codec.BZIP2, lambda data: bz2.compress(data, 1)),
}


@pytest.fixture(scope="module")
def blobs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, FileRange]:
    """Each blob in the middle of a file, as in an archive."""
    folder = tmp_path_factory.mktemp("blobs")
    found = {}
    for name, (_, compress) in BLOBS.items():
        blob = compress(DATA)
        (folder / name).write_bytes(b"before" + blob + b"after")
        found[name] = FileRange(folder / name, 6, len(blob))
    return found


def opened(blobs: dict[str, FileRange], name: str, cache: Path | None) -> LayerContent:
    return LayerContent(blobs[name], BLOBS[name][0], NAME, SIZE, cache)


PLACES = [(0, 10), (SIZE - 10, 10), (4_999_999, 3), (6_345_678, 5_000_000), (500, 0), (0, SIZE)]


@pytest.mark.parametrize("name", BLOBS)
@pytest.mark.parametrize("kept", [True, False], ids=["cached", "no-cache"])
def test_any_bytes(blobs: dict[str, FileRange], name: str, kept: bool, tmp_path: Path) -> None:
    content = opened(blobs, name, tmp_path if kept else None)
    for offset, size in PLACES if kept else PLACES[2:3]:
        assert content.read_at(offset, size) == DATA[offset : offset + size]
    again = opened(blobs, name, tmp_path if kept else None)
    assert again.read_at(5_000_000, 9) == DATA[5_000_000:5_000_009]


@pytest.mark.parametrize("name", ["gzip", "members", "gzip-0"])
def test_every_point_is_a_start(blobs: dict[str, FileRange], name: str, tmp_path: Path) -> None:
    content = opened(blobs, name, tmp_path)
    for offset in range(0, SIZE - 1000, 333_333):
        assert content.read_at(offset, 1000) == DATA[offset : offset + 1000]


@pytest.mark.parametrize("name", ["gzip", "zstd"])
def test_the_second_time_nothing_is_inflated_again(
    blobs: dict[str, FileRange], name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(blobs, name, tmp_path).read_at(0, 1)

    def refuse(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(find_seek_points, "find_points", refuse)
    monkeypatch.setattr(spool, "spool", refuse)
    monkeypatch.setattr(content_module, "decoded", refuse)
    started = time.perf_counter()
    assert opened(blobs, name, tmp_path).read_at(9_000_000, 10) == DATA[9_000_000:9_000_010]
    assert time.perf_counter() - started < 0.5


@pytest.mark.parametrize("name", ["gzip", "zstd", "plain"])
def test_bytes_that_are_not_there(blobs: dict[str, FileRange], name: str, tmp_path: Path) -> None:
    content = opened(blobs, name, tmp_path)
    for offset, size in ((SIZE, 1), (SIZE - 1, 2), (-1, 1)):
        with pytest.raises(BrokenBlob, match="has no"):
            content.read_at(offset, size)


@pytest.mark.parametrize("name", ["gzip", "zstd", "xz"])
@pytest.mark.parametrize("kept", [True, False], ids=["cached", "no-cache"])
def test_a_blob_that_is_shorter_than_it_was(
    blobs: dict[str, FileRange], name: str, kept: bool, tmp_path: Path
) -> None:
    whole = blobs[name]
    cut = FileRange(whole.path, whole.offset, whole.size // 2)
    content = LayerContent(cut, BLOBS[name][0], NAME, SIZE, tmp_path if kept else None)
    with pytest.raises(BrokenBlob):
        content.read_at(SIZE - 1000, 1000)
    assert not list(tmp_path.iterdir())


def damage(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 0x41
    path.write_bytes(data)


@pytest.mark.parametrize("at", [0, 20, 100, 106, 114, 130, 150, -5])
def test_damaged_points_are_not_trusted(
    blobs: dict[str, FileRange], at: int, tmp_path: Path
) -> None:
    opened(blobs, "gzip", tmp_path).read_at(0, 1)
    damage(tmp_path / "seek-points", at)
    assert opened(blobs, "gzip", tmp_path).read_at(SIZE - 10, 10) == DATA[-10:]


def test_points_cut_short_or_empty_are_not_trusted(
    blobs: dict[str, FileRange], tmp_path: Path
) -> None:
    opened(blobs, "gzip", tmp_path).read_at(0, 1)
    points = tmp_path / "seek-points"
    for size in (points.stat().st_size - 100, 200, 50, 0):
        os.truncate(points, size)
        assert opened(blobs, "gzip", tmp_path).read_at(SIZE - 10, 10) == DATA[-10:]


def test_points_of_another_blob_are_not_trusted(
    blobs: dict[str, FileRange], tmp_path: Path
) -> None:
    opened(blobs, "gzip", tmp_path).read_at(0, 1)
    assert opened(blobs, "gzip-1", tmp_path).read_at(SIZE - 10, 10) == DATA[-10:]


def test_a_spool_of_another_size_is_not_trusted(
    blobs: dict[str, FileRange], tmp_path: Path
) -> None:
    (tmp_path / "tar").write_bytes(b"something else")
    assert opened(blobs, "zstd", tmp_path).read_at(5, 10) == DATA[5:15]


@pytest.mark.parametrize("name", ["gzip", "zstd"])
def test_a_cache_that_cannot_be_written(
    blobs: dict[str, FileRange], name: str, tmp_path: Path
) -> None:
    content = opened(blobs, name, tmp_path / "none")
    assert content.read_at(SIZE - 10, 10) == DATA[-10:]


def test_no_spool_beyond_the_bound(
    blobs: dict[str, FileRange], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool, "SPOOL_MAX", SIZE - 1)
    assert opened(blobs, "zstd", tmp_path).read_at(SIZE - 10, 10) == DATA[-10:]
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["gzip", "zstd"])
def test_the_first_time_can_be_stopped(
    blobs: dict[str, FileRange], name: str, tmp_path: Path
) -> None:
    class Stop(Silent):
        def check(self) -> None:
            raise Cancelled

    with pytest.raises(Cancelled):
        opened(blobs, name, tmp_path).stream(SIZE - 10, 10, Stop())
    assert not list(tmp_path.iterdir())


def test_small_layers_leave_nothing_behind(tmp_path: Path) -> None:
    blob = tmp_path / "blob"
    blob.write_bytes(gzip.compress(DATA[:100_000]))
    content = LayerContent(FileRange.whole(blob), Codec.GZIP, NAME, 100_000, tmp_path)
    assert content.read_at(99_990, 10) == DATA[99_990:100_000]
    assert [path.name for path in tmp_path.iterdir()] == ["blob"]


@pytest.mark.parametrize("bit", range(1, 8))
def test_blocks_that_start_at_any_bit(bit: int, tmp_path: Path) -> None:
    """A deflate stream whose second block starts ``bit`` bits into a byte, for every ``bit``."""
    bits, length = _filler(bit)
    raw = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = raw.compress(DATA[:5000]) + raw.flush()
    shifted = bits | int.from_bytes(body, "little") << length
    stream = shifted.to_bytes(-(-(length + 8 * len(body)) // 8), "little")
    header = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"
    path = tmp_path / "blob"
    path.write_bytes(header + stream + bytes(8))
    point = Point(0, len(header) * 8 + length, b"")
    assert b"".join(read_from(FileRange.whole(path), point, 100, 4900)) == DATA[100:5000]
    assert (len(header) * 8 + length) % 8 == bit


def test_points_are_found_again_after_writing(tmp_path: Path) -> None:
    points = [Point(0, 80, b""), Point(1000, 999, b"w" * 32768), Point(5000, 2001, b"v" * 32768)]
    path = tmp_path / "points"
    SeekPoints.write(path, Subject(NAME, 77), points)
    back = SeekPoints.open(path, Subject(NAME, 77))
    assert back is not None
    assert [back.before(at) for at in (0, 999, 1000, 4999, 8999)] == [
        points[0], points[0], points[1], points[1], points[2],
    ]  # fmt: skip
    assert SeekPoints.open(path, Subject(NAME, 78)) is None
    assert SeekPoints.open(path, Subject("another", 77)) is None


def entries(tar: bytes) -> Iterator[Entry]:
    scanner = TarScanner()
    scanner.feed(memoryview(tar))
    found = scanner.finish()
    for row in range(len(found)):
        entry = entry_at(found, row)
        if entry.kind is Kind.FILE:
            yield Entry(
                **{name: getattr(entry, name) for name in Entry.__slots__ if name != "xxh3"},
                xxh3=found.xxh3[row],
            )


@pytest.mark.parametrize(
    "form", ["--format=gnu", "--sparse-version=0.0", "--sparse-version=0.1", "--format=pax"]
)
def test_holes_of_sparse_files_are_zeros(form: str, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    with (folder / "holes").open("wb") as out:
        for at in range(1 << 20, 6 << 20, 1 << 20):
            out.seek(at)
            out.write(os.urandom(50_000))
        out.truncate(8 << 20)
    (folder / "none").write_bytes(b"not sparse")
    (folder / "all").touch()
    os.truncate(folder / "all", 3 << 20)
    tar = subprocess.run(
        ["tar", "-cS", form, "-C", folder, "holes", "none", "all"], capture_output=True, check=True
    ).stdout
    blob = tmp_path / "blob"
    blob.write_bytes(tar)
    content = LayerContent(FileRange.whole(blob), Codec.PLAIN, NAME, len(tar), None)
    found = {os.fsdecode(e.path): b"".join(file_chunks(content, e)) for e in entries(tar)}
    assert found == {path.name: path.read_bytes() for path in folder.iterdir()}


def test_content_that_is_not_what_was_indexed(blobs: dict[str, FileRange], tmp_path: Path) -> None:
    content = opened(blobs, "zstd", tmp_path)
    entry = Entry(b"x", Kind.FILE, size=10, data_offset=5, xxh3=xxh3_64_intdigest(DATA[5:15]))
    assert b"".join(file_chunks(content, entry)) == DATA[5:15]
    damage(tmp_path / "tar", 7)
    with pytest.raises(WrongContent, match="'x'"):
        list(file_chunks(content, entry))
    assert b"".join(file_chunks(content, entry)) == DATA[5:15]


def test_a_blob_in_memory_is_not_needed(tmp_path: Path) -> None:
    """Reading a byte at the end of a big plain layer does not read the layer."""
    path = tmp_path / "plain"
    with path.open("wb") as out:
        out.truncate(1 << 40)
    content = LayerContent(FileRange.whole(path), Codec.PLAIN, NAME, 1 << 40, None)
    assert content.read_at((1 << 40) - 5, 5) == bytes(5)
    assert isinstance(io.BytesIO(content.read_at(0, 10)).read(), bytes)
