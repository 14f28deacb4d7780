"""A directory of the host as a layer's entries, and back through the writer."""

from __future__ import annotations

import io
import os
import socket
import subprocess
import tarfile
from pathlib import Path

import pytest

from layerscope.archive.entry import Entry, Kind
from layerscope.archive.walk import UnreadableTree, walk_tree
from layerscope.archive.writer import TarWriter


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    (root / "b/c").mkdir(parents=True)
    (root / "b-").mkdir()
    (root / "b/file").write_bytes(b"content")
    (root / "b/file").chmod(0o4750)
    os.link(root / "b/file", root / "z-hard")
    (root / "a-link").symlink_to("b/file")
    os.mkfifo(root / "pipe")
    os.utime(root / "b/file", ns=(0, -1_500_000_000))
    (root / os.fsdecode(b"caf\xe9")).write_bytes(b"")
    return root


def entries(root: Path) -> dict[bytes, Entry]:
    return {entry.path: entry for entry, _ in walk_tree(root)}


def test_tree_order(tree: Path) -> None:
    paths = list(entries(tree))
    assert paths == [
        b"", b"a-link", b"b", b"b/c", b"b/file", b"b-", b"caf\xe9", b"pipe", b"z-hard",
    ]  # fmt: skip


def test_kinds_links_and_times(tree: Path) -> None:
    found = entries(tree)
    assert found[b"a-link"].kind is Kind.SYMLINK
    assert found[b"a-link"].link == b"b/file"
    assert found[b"z-hard"].kind is Kind.HARDLINK
    assert found[b"z-hard"].link == b"b/file"
    assert found[b"pipe"].kind is Kind.FIFO
    file = found[b"b/file"]
    assert (file.kind, file.mode, file.size) == (Kind.FILE, 0o4750, 7)
    assert (file.mtime, file.mtime_ns) == (-2, 500_000_000)
    assert found[b"b"].size == 0


def test_content(tree: Path) -> None:
    for entry, opener in walk_tree(tree):
        if entry.path == b"b/file":
            assert b"".join(opener()) == b"content"
            assert b"".join(opener()) == b"content"


def test_hard_linked_symlinks(tree: Path) -> None:
    os.link(tree / "a-link", tree / "z-link", follow_symlinks=False)
    assert entries(tree)[b"z-link"].kind is Kind.HARDLINK


def test_sockets_are_told_as_such(tree: Path) -> None:
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(tree / "socket"))
    os.link(tree / "socket", tree / "again")
    assert {entries(tree)[name].kind for name in (b"socket", b"again")} == {Kind.SOCKET}


def test_xattrs(tree: Path) -> None:
    try:
        os.setxattr(tree / "b/file", "user.k", b"v\0\xff")
    except OSError:
        pytest.skip("no xattrs here")
    assert entries(tree)[b"b/file"].xattrs == {b"user.k": b"v\0\xff"}


def test_a_name_that_vanishes_is_left_out(tree: Path) -> None:
    seen = []
    for entry, _ in walk_tree(tree):
        seen.append(entry.path)
        if entry.path == b"b":
            (tree / "b/c").rmdir()
    assert b"b/c" not in seen
    assert b"b/file" in seen


def test_a_file_swapped_for_a_symlink_is_not_followed(tree: Path) -> None:
    for entry, opener in walk_tree(tree):
        if entry.path == b"b/file":
            (tree / "b/file").unlink()
            (tree / "b/file").symlink_to("/etc/passwd")
            with pytest.raises(UnreadableTree, match="b/file"):
                list(opener())


def test_no_such_directory(tmp_path: Path) -> None:
    with pytest.raises(UnreadableTree, match="none"):
        list(walk_tree(tmp_path / "none"))


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="mknod of devices needs root")
def test_devices(tree: Path) -> None:
    os.mknod(tree / "disk", 0o60660, os.makedev(259, 70_000))
    assert entries(tree)[b"disk"].device == (259, 70_000)


def test_through_the_writer_and_gnu_tar(tree: Path, tmp_path: Path) -> None:
    out = io.BytesIO()
    writer = TarWriter(out)
    for entry, opener in walk_tree(tree):
        writer.add(entry, opener() if entry.kind is Kind.FILE else ())
    writer.close()
    copy = tmp_path / "copy"
    copy.mkdir()
    subprocess.run(["tar", "-xpf", "-", "-C", copy], input=out.getvalue(), check=True)
    assert entries(copy) == entries(tree)
    with tarfile.open(fileobj=io.BytesIO(out.getvalue())) as archive:
        assert len(archive.getmembers()) == 9
