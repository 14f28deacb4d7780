"""Archives of any shape: written ones come back, damaged ones end in an error that is meant."""

from __future__ import annotations

import io
import itertools
import random
from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layerscope.archive.blob import BrokenBlob
from layerscope.archive.codec import Codec, decoded
from layerscope.archive.entry import Entry, Kind
from layerscope.archive.read_tar import entry_at, read_tar
from layerscope.archive.scan import ScannedEntries, TarScanner
from layerscope.archive.tar_format import InvalidTar
from layerscope.archive.writer import TarWriter
from tests.bench.fuzz import run_one
from tests.support.fuzz_checks import Room
from tests.support.mutation import tar_damaged

NAMES = st.binary(min_size=1, max_size=300).filter(lambda name: b"\0" not in name)
PARTS = NAMES.map(lambda name: name.replace(b"/", b"_"))
PATHS = st.lists(PARTS, min_size=1, max_size=4).map(b"/".join)
SECONDS = st.integers(-(1 << 40), 1 << 40)
XATTRS = st.dictionaries(
    st.binary(min_size=1, max_size=20).filter(lambda key: not {0, 0x3D} & set(key)),
    st.binary(max_size=40),
    max_size=3,
)
KINDS = st.sampled_from([Kind.FILE, Kind.DIR, Kind.SYMLINK, Kind.HARDLINK, Kind.CHAR, Kind.FIFO])


@st.composite
def written(draw: st.DrawFn) -> tuple[Entry, bytes]:
    """An entry and its content."""
    kind = draw(KINDS)
    content = draw(st.binary(max_size=2000)) if kind is Kind.FILE else b""
    entry = Entry(
        path=draw(PATHS),
        kind=kind,
        mode=draw(st.integers(0, 0o7777)),
        uid=draw(st.integers(0, (1 << 32) - 1)),
        gid=draw(st.integers(0, (1 << 32) - 1)),
        size=len(content),
        mtime=draw(SECONDS),
        mtime_ns=draw(st.sampled_from([0, 1, 250_000_000, 999_999_999])),
        link=draw(NAMES) if kind in (Kind.SYMLINK, Kind.HARDLINK) else b"",
        device=draw(st.tuples(st.integers(0, 4095), st.integers(0, 1 << 20)))
        if kind is Kind.CHAR
        else (0, 0),
        xattrs=draw(XATTRS),
    )
    return entry, content


def tar_of(entries: list[tuple[Entry, bytes]]) -> bytes:
    out = io.BytesIO()
    writer = TarWriter(out)
    for entry, content in entries:
        writer.add(entry, [content])
    writer.close()
    return out.getvalue()


class Collected:
    """Takes what read_tar gives and keeps it."""

    def __init__(self) -> None:
        self.entries: list[tuple[Entry, bytes]] = []

    def take(self, found: ScannedEntries, row: int, content: memoryview, left: int) -> None:
        self.entries.append((entry_at(found, row), bytes(content)))

    def more(self, content: memoryview, left: int) -> None:
        entry, before = self.entries[-1]
        self.entries[-1] = (entry, before + bytes(content))


def facts(entry: Entry) -> dict[str, object]:
    """All but where in the tar it stands."""
    kept = {name: getattr(entry, name) for name in Entry.__slots__}
    # A directory's name ends in a slash in the tar.
    kept["path"] = entry.path.rstrip(b"/")
    return {k: v for k, v in kept.items() if k not in ("data_offset", "xxh3")}


@settings(deadline=None)
@given(st.lists(written(), max_size=6))
def test_what_is_written_comes_back(entries: list[tuple[Entry, bytes]]) -> None:
    collected = Collected()
    assert read_tar(io.BytesIO(tar_of(entries)), collected) == len(entries)
    for (entry, content), (back, back_content) in zip(entries, collected.entries, strict=True):
        if entry.kind is not Kind.DIR:
            assert back.path == entry.path
        assert facts(back) == {**facts(entry), "path": back.path.rstrip(b"/")}
        assert back_content == content


def scanned(tar: bytes, cuts: Iterator[int]) -> ScannedEntries:
    """The entries of a tar that comes in buffers of these sizes, in blocks of 512."""
    scanner, at = TarScanner(), 0
    while at < len(tar):
        size = 512 * next(cuts)
        scanner.feed(memoryview(tar[at : at + size]))
        at += size
    return scanner.finish()


@settings(deadline=None, max_examples=60)
@given(st.lists(written(), max_size=6), st.lists(st.integers(1, 9), min_size=1))
def test_buffers_make_no_difference(entries: list[tuple[Entry, bytes]], sizes: list[int]) -> None:
    tar = tar_of(entries)
    assert scanned(tar, itertools.cycle(sizes)) == scanned(tar, itertools.repeat(1 << 20))


@settings(deadline=None, max_examples=200)
@given(st.lists(written(), max_size=4), st.randoms(use_true_random=False))
def test_a_damaged_tar_is_read_or_refused(
    entries: list[tuple[Entry, bytes]], dice: random.Random
) -> None:
    tar = tar_damaged(tar_of(entries), dice)
    outcomes: list[ScannedEntries | None] = [None, None]
    with suppress(InvalidTar):
        outcomes[0] = scanned(tar, itertools.repeat(1))
    with suppress(InvalidTar):
        outcomes[1] = scanned(tar, itertools.repeat(1 << 20))
    assert outcomes[0] == outcomes[1]


@settings(deadline=None, max_examples=200)
@given(st.sampled_from(Codec), st.binary(max_size=300))
def test_any_bytes_are_decoded_or_refused(codec: Codec, data: bytes) -> None:
    stream = decoded(io.BytesIO(data), codec)
    try:
        out = stream.read(-1)
    except BrokenBlob:
        return
    if codec is Codec.PLAIN:
        assert out == data


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    room = Room(tmp_path_factory.mktemp("fuzz") / "room")
    yield room
    room.close()


@pytest.mark.parametrize("number", range(0, 300, 10))
def test_fuzzed_inputs(number: int, room: Room) -> None:
    """A short run of tests/bench/fuzz.py."""
    for one in range(number, number + 10):
        run_one(one, 0, room)
