"""The tar writer: other tools read back what it writes; the same input gives the same bytes."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import tarfile
from collections.abc import Iterable
from pathlib import Path

import pytest

from layerscope.archive.entry import Entry, Kind
from layerscope.archive.scan import TarScanner
from layerscope.archive.writer import TarWriter, Unwritable, pax_time

LONG = b"d" * 90 + b"/" + b"e" * 90 + b"/" + b"f" * 200
LATIN = b"caf\xe9"


def written(entries: Iterable[tuple[Entry, bytes]]) -> bytes:
    out = io.BytesIO()
    writer = TarWriter(out)
    for entry, content in entries:
        writer.add(entry, [content])
    writer.close()
    return out.getvalue()


def read_back(tar: bytes) -> tarfile.TarInfo:
    with tarfile.open(fileobj=io.BytesIO(tar)) as archive:
        first = archive.next()
    assert first is not None
    return first


def one(entry: Entry, content: bytes = b"") -> tarfile.TarInfo:
    return read_back(written([(entry, content)]))


def in_bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


EVERY_KIND = [
    (Entry(b"", Kind.DIR, 0o755, mtime=5), b""),
    (Entry(b"dir", Kind.DIR, 0o1777, 1, 2, mtime=5), b""),
    (Entry(b"dir/file", Kind.FILE, 0o4755, 3, 4, size=5, mtime=7), b"hello"),
    (Entry(b"dir/empty", Kind.FILE), b""),
    (Entry(b"dir/hard", Kind.HARDLINK, link=b"dir/file", size=5), b""),
    (Entry(b"dir/soft", Kind.SYMLINK, 0o777, link=b"../etc/x"), b""),
    (Entry(b"dir/null", Kind.CHAR, 0o666, device=(1, 3)), b""),
    (Entry(b"dir/disk", Kind.BLOCK, 0o660, device=(259, 70_000)), b""),
    (Entry(b"dir/pipe", Kind.FIFO, 0o600), b""),
    (Entry(b"dir/.wh.gone", Kind.FILE), b""),
]


def test_every_kind_is_read_back() -> None:
    with tarfile.open(fileobj=io.BytesIO(written(EVERY_KIND))) as archive:
        members = archive.getmembers()
        assert [m.name for m in members] == [
            e.path.decode() if e.path else "." for e, _ in EVERY_KIND
        ]
        assert [m.mode for m in members] == [e.mode for e, _ in EVERY_KIND]
        assert [(m.uid, m.gid, m.mtime) for m in members][2] == (3, 4, 7)
        content = archive.extractfile(members[2])
        assert content is not None
        assert content.read() == b"hello"
        assert members[4].islnk()
        assert members[4].linkname == "dir/file"
        assert members[5].linkname == "../etc/x"
        assert (members[7].devmajor, members[7].devminor) == (259, 70_000)


def test_no_extended_header_where_ustar_will_do() -> None:
    blocks = written(EVERY_KIND)
    assert len(blocks) == 512 * (len(EVERY_KIND) + 1 + 2)
    split = Entry(LONG[:190], Kind.DIR)
    assert len(written([(split, b"")])) == 512 * 3


def test_the_same_entries_give_the_same_bytes() -> None:
    tar = written([*EVERY_KIND, (Entry(LONG, Kind.FILE, xattrs={b"user.b": b"2"}), b"")])
    assert hashlib.sha256(tar).hexdigest() == (
        "786483a6ed7ba2c05993d9bae960e892659cf2c26f168895a9ac92b14c170021"
    )


def test_order_of_xattrs_does_not_show() -> None:
    ab = Entry(b"x", Kind.DIR, xattrs={b"user.a": b"1", b"user.b": b"2"})
    ba = Entry(b"x", Kind.DIR, xattrs={b"user.b": b"2", b"user.a": b"1"})
    assert written([(ab, b"")]) == written([(ba, b"")])


@pytest.mark.parametrize(
    "path",
    [
        b"a" * 100,
        b"a" * 101,
        b"a/" * 49 + b"bb",
        b"p" * 155 + b"/" + b"n" * 100,
        b"p" * 156 + b"/" + b"n" * 100,
        b"p" * 20 + b"/" + b"n" * 101,
        LONG,
        LATIN,
        LATIN * 50,
        "näme".encode(),
        b"new\nline",
        b"dir/" * 2000 + b"file",
    ],
)
@pytest.mark.parametrize("kind", [Kind.FILE, Kind.DIR])
def test_names_come_back_byte_for_byte(path: bytes, kind: Kind) -> None:
    assert in_bytes(one(Entry(path, kind)).name) == path


@pytest.mark.parametrize("kind", [Kind.SYMLINK, Kind.HARDLINK])
@pytest.mark.parametrize("link", [b"l" * 100, b"l" * 101, LATIN, LATIN * 50, b"../" * 300])
def test_links_come_back_byte_for_byte(kind: Kind, link: bytes) -> None:
    assert in_bytes(one(Entry(b"x", kind, link=link)).linkname) == link


@pytest.mark.parametrize("uid", [0, 0o7777777, 0o10000000, 4_000_000_000])
def test_owners_of_any_size(uid: int) -> None:
    back = one(Entry(b"x", Kind.DIR, uid=uid, gid=uid))
    assert (back.uid, back.gid) == (uid, uid)


@pytest.mark.parametrize(
    ("seconds", "nanos", "text"),
    [
        (0, 0, b"0"),
        (1_000_000_000, 250_000_000, b"1000000000.25"),
        (5, 1, b"5.000000001"),
        (-1000, 0, b"-1000"),
        (-2, 750_000_000, b"-1.25"),
        (-1, 999_999_999, b"-0.000000001"),
        (10, 0, b"10"),
        (8**11, 0, b"8589934592"),
    ],
)
def test_times(seconds: int, nanos: int, text: bytes) -> None:
    assert pax_time(seconds, nanos) == text
    entry = Entry(b"x", Kind.DIR, mtime=seconds, mtime_ns=nanos)
    scanner = TarScanner()
    scanner.feed(memoryview(written([(entry, b"")])))
    found = scanner.finish()
    assert (found.mtime[0], found.mtime_ns[0]) == (seconds, nanos)


def test_huge_files_are_announced_rightly() -> None:
    class Discard:
        head = b""

        def write(self, data: bytes | memoryview) -> None:
            if len(self.head) < 2000:
                self.head += bytes(data[:2000])

    out = Discard()
    size = 9 << 30
    block = memoryview(bytes(1 << 26))
    TarWriter(out).add(Entry(b"big", Kind.FILE, size=size), (block for _ in range(size >> 26)))
    assert read_back(out.head).size == size


def test_xattrs_come_back() -> None:
    xattrs = {b"user.k": b"binary\0\n=\xff", b"security.capability": bytes(20)}
    scanner = TarScanner()
    scanner.feed(memoryview(written([(Entry(b"x", Kind.FILE, xattrs=xattrs), b"")])))
    assert scanner.finish().xattrs == {0: xattrs}


def test_gnu_tar_reads_it(tmp_path: Path) -> None:
    entries = [
        (Entry(b"caf\xe9", Kind.FILE, size=2, mtime=-1000), b"ab"),
        (Entry(LATIN * 60, Kind.FILE, size=1, mtime=5, mtime_ns=5), b"c"),
        (Entry(b"soft", Kind.SYMLINK, link=LATIN * 60), b""),
        (Entry(LONG, Kind.FILE, size=1), b"d"),
    ]
    tar = subprocess.run(
        ["tar", "-xf", "-", "--warning=all", "-C", tmp_path],
        input=written(entries),
        capture_output=True,
        check=True,
        env={"LC_ALL": "C.UTF-8"},
    )
    assert b"unknown" not in tar.stderr
    folder = bytes(tmp_path)
    assert sorted(os.listdir(folder)) == sorted([b"caf\xe9", b"d" * 90, LATIN * 60, b"soft"])
    assert os.readlink(folder + b"/soft") == LATIN * 60
    assert os.stat(folder + b"/" + LATIN).st_mtime == -1000
    assert os.stat(folder + b"/" + LATIN * 60).st_mtime_ns == 5_000_000_005


@pytest.mark.parametrize(
    "entry",
    [
        Entry(b"s", Kind.SOCKET),
        Entry(b"w", Kind.WHITEOUT),
        Entry(b"", Kind.FILE),
        Entry(b"a\0b", Kind.FILE),
        Entry(b"l", Kind.SYMLINK, link=b"a\0b"),
        Entry(b"c", Kind.CHAR, device=(1 << 22, 0)),
        Entry(b"x", Kind.DIR, xattrs={b"user.a=b": b""}),
        Entry(b"x", Kind.DIR, xattrs={b"user.a": bytes(1 << 20)}),
    ],
)
def test_what_a_tar_cannot_hold_is_refused(entry: Entry) -> None:
    with pytest.raises(Unwritable):
        written([(entry, b"")])


@pytest.mark.parametrize("content", [b"shor", b"longer"])
def test_content_of_another_size_is_refused(content: bytes) -> None:
    with pytest.raises(Unwritable, match="size changed"):
        written([(Entry(b"x", Kind.FILE, size=5), content)])
