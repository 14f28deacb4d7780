"""Entries put into a folder of the host."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from layerscope.archive.entry import Entry, Kind
from layerscope.usecases.host_folder import CannotCopy, HostFolder
from tests.support.containers import is_root

OWN = (os.geteuid(), os.getegid())
FILE = Entry(b"file", Kind.FILE, 0o640, *OWN)


def broken() -> Iterator[bytes]:
    yield b"half"
    raise KeyboardInterrupt


def test_a_file_appears_when_it_is_whole(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"older")
    with HostFolder(tmp_path) as folder:
        with pytest.raises(KeyboardInterrupt):
            folder.put(FILE, broken())
        assert os.listdir(tmp_path) == ["file"]
        assert (tmp_path / "file").read_bytes() == b"older"
        folder.put(FILE, iter((b"new", b"er")))
    assert (tmp_path / "file").read_bytes() == b"newer"
    assert folder.bytes == len(b"half") + len(b"newer")


def test_a_full_disk_is_told_of_the_file(tmp_path: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with HostFolder(tmp_path) as folder, pytest.raises(CannotCopy) as caught:
            folder.put(FILE, iter((bytes(2000),)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert str(caught.value) == f"{tmp_path}/file: file too large"
    assert os.listdir(tmp_path) == []


def test_what_only_root_makes_is_told_of_its_place(tmp_path: Path) -> None:
    if is_root():
        pytest.skip("root makes devices")
    device = Entry(b"zero", Kind.CHAR, 0o600, *OWN, device=(1, 5))
    with HostFolder(tmp_path) as folder, pytest.raises(CannotCopy) as caught:
        folder.put(device, iter(()))
    assert str(caught.value) == f"{tmp_path}/zero: operation not permitted"


def test_a_name_of_a_file_may_be_there_already(tmp_path: Path) -> None:
    """The kernel does nothing where two names of one file are to become one."""
    link = Entry(b"link", Kind.HARDLINK, link=b"file")
    for _ in range(2):
        with HostFolder(tmp_path) as folder:
            folder.put(FILE, iter((b"x",)))
            folder.put(link, iter(()))
            folder.put(link, iter(()))
    assert sorted(os.listdir(tmp_path)) == ["file", "link"]
    assert (tmp_path / "file").stat().st_nlink == 2
