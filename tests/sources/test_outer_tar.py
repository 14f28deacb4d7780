"""The header walk over an archive: every form of tar, and every way to be hostile."""

from __future__ import annotations

import contextlib
import io
import os
import tarfile
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layerscope.sources.outer_tar import BadArchive, Member, MemberKind, walk_members

LONG = "a" * 120 + "/" + "b" * 120
FORMS = (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT)


def archive(path: Path, *infos: tarfile.TarInfo, form: int = tarfile.PAX_FORMAT) -> Path:
    with tarfile.open(path, "w", format=form, errors="surrogateescape") as tar:
        for info in infos:
            tar.addfile(info, io.BytesIO(b"x" * info.size))
    return path


def info(
    name: str, size: int = 0, kind: bytes = tarfile.REGTYPE, link: str = ""
) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.size, made.type, made.linkname = size, kind, link
    return made


def header(name: bytes = b"name", size: bytes = b"0", kind: bytes = b"0") -> bytes:
    block = bytearray(tarfile.TarInfo(name.decode()).tobuf(tarfile.USTAR_FORMAT))
    block[124:136] = size.ljust(12, b"\0")
    block[156:157] = kind
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def walked(tmp_path: Path, data: bytes) -> list[Member]:
    file = tmp_path / "archive"
    file.write_bytes(data)
    return list(walk_members(file))


@pytest.mark.parametrize("form", FORMS)
def test_members_lie_where_tarfile_says(tmp_path: Path, form: int) -> None:
    infos = [
        info("plain", 700),
        info("dir", kind=tarfile.DIRTYPE),
        info("deep/er", 1024),
        info("soft", kind=tarfile.SYMTYPE, link="plain"),
        info("hard", kind=tarfile.LNKTYPE, link="plain"),
        info("fifo", kind=tarfile.FIFOTYPE),
        info("c" * 90 + "/" + "d" * 90, 5),
        info("empty"),
    ]
    path = archive(tmp_path / "tar", *infos, form=form)
    with tarfile.open(path) as tar:
        expected = [(one.name, one.offset_data, one.size) for one in tar if one.isreg()]
    found = list(walk_members(path))
    files = [(m.name, m.offset, m.size) for m in found if m.kind is MemberKind.FILE]
    assert files == expected
    links = {m.name: m.link for m in found if m.kind is not MemberKind.FILE and m.link}
    assert links == {"soft": "plain", "hard": "plain"}


@pytest.mark.parametrize("form", FORMS[1:])
def test_long_names_and_links(tmp_path: Path, form: int) -> None:
    infos = [info(LONG, 3), info("soft", kind=tarfile.SYMTYPE, link=LONG), info("after", 1)]
    found = list(walk_members(archive(tmp_path / "tar", *infos, form=form)))
    assert [(m.name, m.link) for m in found] == [(LONG, ""), ("soft", LONG), ("after", "")]


def test_names_that_are_not_utf8(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9")
    path = archive(tmp_path / "tar", info(name, 3), form=tarfile.GNU_FORMAT)
    assert [m.name for m in walk_members(path)] == [name]


def test_a_size_in_a_pax_header_counts(tmp_path: Path) -> None:
    big = info("big", 512)
    big.pax_headers = {"size": "512"}
    assert [m.size for m in walk_members(archive(tmp_path / "tar", big))] == [512]


def test_base_256_sizes(tmp_path: Path) -> None:
    size = b"\x80" + (1000).to_bytes(11, "big")
    found = walked(tmp_path, header(size=size) + bytes(1024))
    assert [(m.offset, m.size) for m in found] == [(512, 1000)]


def test_gigabytes_are_stepped_over(tmp_path: Path) -> None:
    size = 3 << 30
    file = tmp_path / "huge"
    with file.open("wb") as out:
        for name in (b"one", b"two"):
            out.write(header(name, b"%011o" % size))
            out.seek(size, os.SEEK_CUR)
        out.write(bytes(1024))
    begun = time.monotonic()
    assert [m.size for m in walk_members(file)] == [size, size]
    assert time.monotonic() - begun < 0.5


def test_it_ends_at_a_block_of_zeros_or_at_the_end(tmp_path: Path) -> None:
    assert len(walked(tmp_path, header())) == 1
    assert len(walked(tmp_path, header() + bytes(1024) + header())) == 1
    assert walked(tmp_path, bytes(10240)) == []


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"not a tar at all" * 100, "it is no tar archive"),
        (header()[:300], "it is cut off"),
        (header() + b"junk" * 128, "its tar is damaged at 512"),
        (header(size=b"00000001000") + bytes(100), "it is cut off in 'name'"),
        (header(size=b"\xff" * 12), "impossible size"),
        (header(size=b"\x80" + b"\xff" * 11), "impossible size"),
        (header(size=b"99999999999"), "impossible size"),
        (header(size=b"77777777777", kind=b"x"), "extended header that is too long"),
        (header(size=b"77777777777", kind=b"L"), "extended header that is too long"),
        (header(size=b"00000001000", kind=b"x") + b"9" * 512, "damaged pax header"),
        (header(size=b"00000001000", kind=b"x") + b"999 path=x\n" + bytes(501), "damaged pax"),
        (header(size=b"024", kind=b"x") + b"20 size=-1234567890\n" + bytes(492) + header(), "size"),
        (header(kind=b"L", size=b"00000000001") + b"n" + bytes(511), "it is cut off"),
    ],
)
def test_damage_is_one_line(tmp_path: Path, data: bytes, why: str) -> None:
    with pytest.raises(BadArchive, match=why) as caught:
        walked(tmp_path, data)
    assert "\n" not in str(caught.value)


@settings(max_examples=300, deadline=2000)
@given(st.data())
def test_mutated_archives_never_surprise(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("mutated", numbered=True)
    path = archive(folder / "tar", info("one", 700), info(LONG, 20), info("l", 0, b"2", LONG))
    whole = bytearray(path.read_bytes()[:6144])
    for place in data.draw(st.lists(st.integers(0, len(whole) - 1), max_size=6)):
        whole[place] = data.draw(st.sampled_from(b"\0\xff/ 0179xLg\x80"))
    cut = data.draw(st.integers(0, len(whole)))
    with contextlib.suppress(BadArchive):
        members = walked(folder, bytes(whole[:cut]))
        assert all(m.offset + m.size <= cut for m in members if m.kind is MemberKind.FILE)
