"""Bare root file systems: one layer, whose diffID only reading it tells, and that once."""

from __future__ import annotations

import gzip
import os
import socket
from pathlib import Path

import pytest

from layerscope.oci.digest import Digest
from layerscope.oci.whiteout import ReservedName
from layerscope.sources.opened import OpenImage
from layerscope.sources.target import open_target
from layerscope.store.store import Store
from tests.support.images import BASE, TOP
from tests.support.stores import load


def read(store: Store, target: str) -> OpenImage:
    opened = OpenImage(open_target(target, store), store)
    opened.read_all()
    return opened


@pytest.mark.parametrize("data", [BASE, gzip.compress(BASE)])
def test_a_tar_that_was_read_is_known(store: Store, tmp_path: Path, data: bytes) -> None:
    (tmp_path / "t").write_bytes(data)
    for target in (f"rootfs:{tmp_path}/t", str(tmp_path / "t")):
        read(store, target)
        again = OpenImage(open_target(target, Store.open(store.root)), store)
        assert again.diff_id(0) == Digest.of(BASE)
        assert again.layer(0) is not None


def test_a_tar_that_changed_is_read_again(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "t"
    for data in (BASE, TOP):
        times = os.stat(path) if path.exists() else None
        path.write_bytes(data.ljust(20480, b"\0"))
        if times is not None:
            os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
        opened = read(store, str(path))
        assert opened.diff_id(0) == Digest.of(data.ljust(20480, b"\0"))


def test_loading_remembers_too(store: Store, tmp_path: Path) -> None:
    (tmp_path / "t").write_bytes(BASE)
    load(store, f"rootfs:{tmp_path}/t", "root:1")
    again = load(store, f"rootfs:{tmp_path}/t", "again:1")
    assert (again.blobs_added, again.image.names) == (0, ("again:1", "root:1"))


def test_what_is_collected_is_forgotten(store: Store, tmp_path: Path) -> None:
    (tmp_path / "t").write_bytes(BASE)
    read(store, str(tmp_path / "t"))
    store.close()
    Store.open(store.root).collect()
    assert open_target(str(tmp_path / "t"), store).layers[0].diff_id is None


def test_a_folder_is_read_each_time(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "file").write_text("one")
    first = read(store, str(folder)).diff_id(0)
    (folder / "file").write_text("two")
    assert read(store, str(folder)).diff_id(0) != first


def test_sockets_in_a_folder_are_left_out(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "file").write_text("x")
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(folder / "a-socket"))
    layer = read(store, f"rootfs:{folder}").layer(0)
    assert layer is not None
    assert [layer.path(row) for row in range(len(layer))] == [b"", b"file"]


def test_a_file_whose_name_means_deletion_is_refused(store: Store, tmp_path: Path) -> None:
    (tmp_path / "folder/d").mkdir(parents=True)
    (tmp_path / "folder/d/.wh.x").touch()
    for act in (read, load):
        with pytest.raises(ReservedName, match=r"/d/\.wh\.x: a layer can't hold"):
            act(store, f"rootfs:{tmp_path}/folder")
