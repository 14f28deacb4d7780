from __future__ import annotations

import io
import os
import random
import subprocess
import tarfile
from pathlib import Path

import pytest
import xxhash

from layerscope.archive.entry import Kind
from layerscope.archive.scan import ScanLimits, ScannedEntries, TarScanner
from layerscope.archive.tar_format import InvalidTar
from tests.support.layers import file, folder, hardlink, special, symlink, tar

FORMATS = [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]


def scan(data: bytes, step: int = 1 << 20, limits: ScanLimits | None = None) -> ScannedEntries:
    scanner = TarScanner(limits)
    for start in range(0, len(data), step):
        scanner.feed(memoryview(data)[start : start + step])
    return scanner.finish()


def members_of(data: bytes) -> list[tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return archive.getmembers()


def many(form: int, seed: int) -> bytes:
    """A tar of several hundred entries of every size and name length that the format can hold."""
    rnd = random.Random(seed)
    entries = []
    for i in range(300):
        long = form != tarfile.USTAR_FORMAT
        name = f"d{i % 7}/" + "x" * rnd.choice([5, 80, 130 if long else 90]) + str(i)
        name += "/" + "y" * 90 if long and i % 5 == 0 else ""
        if i % 9 == 0:
            entries.append(symlink(name, "t" * rnd.choice([3, 99, 150 if long else 98])))
            continue
        info, data = file(name, os.urandom(rnd.choice([0, 1, 511, 512, 513, 5000, 70000])))
        info.uid = rnd.choice([0, 1000, (1 << 21) + 5 if long else 9])
        info.mtime = rnd.choice([1, 1e9 + 0.25]) if form == tarfile.PAX_FORMAT else 7
        entries.append((info, data))
    return tar(entries, form)


@pytest.mark.parametrize("step", [512, 1024, 65536, 1 << 20])
@pytest.mark.parametrize("form", FORMATS)
def test_what_it_reads_is_what_tarfile_reads(form: int, step: int) -> None:
    data = many(form, seed=step)
    members = members_of(data)
    found = scan(data, step)
    assert found.names == [m.name.encode() for m in members]
    assert list(found.size) == [m.size for m in members]
    assert list(found.uid) == [m.uid for m in members]
    assert list(found.mode) == [m.mode for m in members]
    assert list(found.offset) == [m.offset_data for m in members]
    assert [found.links.get(i, b"") for i in range(len(found))] == [
        m.linkname.encode() for m in members
    ]
    for i, m in enumerate(members):
        content = data[m.offset_data : m.offset_data + m.size]
        assert found.xxh3[i] == xxhash.xxh3_64_intdigest(content)
        assert found.mtime[i] + found.mtime_ns[i] / 1e9 == m.mtime


def test_kinds() -> None:
    entries = [
        file("f"),
        folder("d"),
        symlink("s", "f"),
        hardlink("h", "f"),
        special("c", tarfile.CHRTYPE),
        special("b", tarfile.BLKTYPE),
        special("p", tarfile.FIFOTYPE),
    ]
    entries[4][0].devmajor, entries[4][0].devminor = 5, 1
    found = scan(tar(entries))
    kinds = [Kind.FILE, Kind.DIR, Kind.SYMLINK, Kind.HARDLINK, Kind.CHAR, Kind.BLOCK, Kind.FIFO]
    assert list(found.kind) == kinds
    assert found.devices[4] == (5, 1)


def test_pax_records_win_over_the_header() -> None:
    info, data = file("short", b"12345")
    info.pax_headers = {
        "path": "näme",
        "mtime": "-1.25",
        "uid": "4000000000",
        "SCHILY.xattr.user.color": "red",
    }
    found = scan(tar([(info, data), file("next", b"x")]))
    assert found.names == ["näme".encode(), b"next"]
    assert (found.mtime[0], found.mtime_ns[0]) == (-2, 750_000_000)
    assert found.uid[0] == 4_000_000_000
    assert found.xattrs == {0: {b"user.color": b"red"}}


def test_a_v7_archive_is_read() -> None:
    data = bytearray(tar([file("one", b"1" * 600), file("two", b"2")], tarfile.USTAR_FORMAT))
    for start in (0, 512 * 3):
        header = data[start : start + 512]
        header[257:265] = bytes(8)
        header[148:156] = b" " * 8
        header[148:156] = b"%06o\0 " % sum(header)
        data[start : start + 512] = header
    found = scan(bytes(data))
    assert found.names == [b"one", b"two"]
    assert list(found.size) == [600, 1]


def test_a_tar_within_a_tar_is_one_file() -> None:
    inner = tar([file(f"in{i}", b"x" * 100) for i in range(20)])
    found = scan(tar([file("outer.tar", inner), file("after")]), step=1024)
    assert found.names == [b"outer.tar", b"after"]


@pytest.mark.parametrize("version", ["0.0", "0.1", "1.0", "gnu"])
def test_sparse_files(tmp_path: Path, version: str) -> None:
    with open(tmp_path / "hole", "wb") as out:
        for place in range(40):
            out.seek(place * 65536)
            out.write(b"data" * 1024)
        out.truncate(50 * 65536)
    form = ["--format=gnu"] if version == "gnu" else ["--format=pax", f"--sparse-version={version}"]
    made = subprocess.run(
        ["tar", "-S", *form, "-C", str(tmp_path), "-cf", "-", "hole"],
        capture_output=True,
        check=True,
    ).stdout
    expected = members_of(made)[0]
    found = scan(made, step=1024)
    assert found.names == [b"hole"]
    assert found.size[0] == 50 * 65536
    stored = [extent for extent in found.sparse[0] if extent[1]]
    told: list[tuple[int, int]] = getattr(expected, "sparse", [])  # in no stub, though it is there
    assert stored == [tuple(extent) for extent in told if extent[1]]
    assert sum(size for _, size in stored) == 40 * 4096
    assert made[found.offset[0] : found.offset[0] + 4] == b"data"


@pytest.mark.parametrize(("size", "fits"), [("1536", True), ("1535", False), ("0", False)])
def test_the_map_of_a_sparse_file_stays_in_it(size: str, fits: bool) -> None:
    info, data = file("hole", b"x" * 512)
    info.pax_headers = {"GNU.sparse.map": "1024,512", "GNU.sparse.size": size}
    archive = tar([(info, data)], tarfile.PAX_FORMAT)
    if fits:
        assert list(scan(archive).size) == [1536]
    else:
        with pytest.raises(InvalidTar, match="does not fit its content"):
            scan(archive)


def test_an_early_end_is_an_error() -> None:
    data = tar([file("one", b"1" * 5000)])
    with pytest.raises(InvalidTar, match="middle of an entry"):
        scan(data[:2048])


def test_a_missing_end_marker_is_not() -> None:
    data = tar([file("one", b"1" * 512)])
    assert scan(data[:1024]).names == [b"one"]


def test_garbage_is_named_by_its_byte() -> None:
    data = tar([file("one", b"1")])
    with pytest.raises(InvalidTar, match="no tar header at byte 1024"):
        scan(data[:1024] + b"garbage!" * 64)


@pytest.mark.parametrize(
    ("where", "value"), [(124, b"-0000000001\0"), (124, b"\xff" * 12), (100, b"9999999\0")]
)
def test_impossible_numbers_are_an_error(where: int, value: bytes) -> None:
    data = bytearray(tar([file("one", b"1")], tarfile.USTAR_FORMAT))
    data[where : where + len(value)] = value
    data[148:156] = b" " * 8
    data[148:156] = b"%06o\0 " % sum(data[:512])
    with pytest.raises(InvalidTar):
        scan(bytes(data))


def test_huge_sizes_end_as_truncated() -> None:
    data = bytearray(tar([file("one", b"1")], tarfile.GNU_FORMAT))
    data[124:136] = b"\x80" + bytes(4) + b"\x7f" + b"\xff" * 6
    data[148:156] = b" " * 8
    data[148:156] = b"%06o\0 " % sum(data[:512])
    with pytest.raises(InvalidTar):
        scan(bytes(data))


def test_limits_hold() -> None:
    data = tar([file(f"f{i}") for i in range(20)])
    with pytest.raises(InvalidTar, match="more than 10 entries"):
        scan(data, limits=ScanLimits(entries=10))
    with pytest.raises(InvalidTar, match="names"):
        scan(data, limits=ScanLimits(name_bytes=10))


@pytest.mark.parametrize(
    "records", [b"x", b"5 a=b\n", b"99 path=x\n", b"-3 a=b\n", b"12 mtime=abc\n"]
)
def test_damaged_pax_records_are_an_error(records: bytes) -> None:
    info, data = file("header", records)
    info.type = tarfile.XHDTYPE
    with pytest.raises(InvalidTar):
        scan(tar([(info, data), file("next")], tarfile.USTAR_FORMAT))
