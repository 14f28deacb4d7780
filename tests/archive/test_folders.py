"""Folders opens directories, deep ones too, and nothing that isn't one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from layerscope.archive.folders import Folders, host_path


@pytest.fixture
def folders(tmp_path: Path) -> Iterator[Folders]:
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a/b/file").write_bytes(b"here")
    (tmp_path / "out").symlink_to("a")
    with Folders(tmp_path) as folders:
        yield folders


def test_opens_below_the_root(folders: Folders, tmp_path: Path) -> None:
    assert os.fstat(folders.fd(b"")).st_ino == tmp_path.stat().st_ino
    assert os.listdir(folders.fd(b"a/b")) == ["file"]
    assert os.listdir(folders.fd(b"a")) == ["b"]
    assert folders.fd(b"a/b") == folders.fd(b"a/b")


def test_never_goes_through_a_symlink_or_a_file(folders: Folders) -> None:
    with pytest.raises(NotADirectoryError):
        folders.fd(b"out/b")
    with pytest.raises(NotADirectoryError):
        folders.fd(b"a/b/file/x")
    with pytest.raises(FileNotFoundError):
        folders.fd(b"a/none/x")


def test_forgets(folders: Folders, tmp_path: Path) -> None:
    folders.fd(b"a/b")
    (tmp_path / "a").rename(tmp_path / "moved")
    folders.forget(b"a")
    with pytest.raises(FileNotFoundError):
        folders.fd(b"a/b")


def test_host_path(folders: Folders) -> None:
    with open(host_path(folders.fd(b"a/b"), b"file"), "rb") as file:
        assert file.read() == b"here"


def test_as_deep_as_you_like_with_few_descriptors(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    with Folders(tmp_path) as folders:
        path = b""
        for _ in range(4096):
            os.mkdir(b"d", dir_fd=folders.fd(path))
            path = path + b"/d" if path else b"d"
        assert len(os.listdir("/proc/self/fd")) < before + 200
        assert os.listdir(folders.fd(path)) == []
        while path:
            path = path.rpartition(b"/")[0]
            assert os.listdir(folders.fd(path)) == ["d"]
        for depth in range(4095, -1, -1):
            folders.forget(b"/".join([b"d"] * (depth + 1)))
            os.rmdir(b"d", dir_fd=folders.fd(b"/".join([b"d"] * depth)))
