"""The two size models."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from layerscope.accounting.sizes import SizeModel, Usage, layer_usage
from tests.support.containers import container
from tests.support.ordinary_user import as_ordinary_user, their_directory


def test_an_empty_layer(tmp_path: Path) -> None:
    assert layer_usage(tmp_path) == Usage(0, 1)
    blocks = tmp_path.stat().st_blocks * 512
    assert layer_usage(tmp_path, SizeModel.CONTAINERD) == Usage(blocks, 1)


def test_each_inode_once_whiteouts_nothing_symlinks_by_their_target(tmp_path: Path) -> None:
    (tmp_path / "lower").mkdir()
    (tmp_path / "lower" / "gone").write_bytes(bytes(999))
    with container([tmp_path / "lower"], tmp_path / "c") as engine:
        with engine.open(b"/f", os.O_WRONLY | os.O_CREAT) as handle:
            handle.write(bytes(10))
            handle.truncate(1 << 30)
        engine.link(b"/f", b"/g")
        engine.symlink(b"1234567", b"/s")
        engine.mkdir(b"/d")
        engine.unlink(b"/gone")
    found = layer_usage(tmp_path / "c" / "upper")
    assert found == Usage((1 << 30) + 7, 5)
    assert layer_usage(tmp_path / "c" / "upper", SizeModel.CONTAINERD).size < 1 << 20


def test_paths_that_are_too_long_for_one_system_call(tmp_path: Path) -> None:
    fd = os.open(tmp_path, os.O_RDONLY)
    for _ in range(40):
        os.mkdir("d" * 250, dir_fd=fd)
        os.close(os.open("f" * 255, os.O_CREAT | os.O_WRONLY, dir_fd=fd))
        os.truncate(inner := os.open("f" * 255, os.O_WRONLY, dir_fd=fd), 10)
        os.close(inner)
        inner = os.open("d" * 250, os.O_RDONLY, dir_fd=fd)
        os.close(fd)
        fd = inner
    os.close(fd)
    assert layer_usage(tmp_path) == Usage(400, 81)


def test_what_may_not_be_read_is_left_out_and_told() -> None:
    def work() -> None:
        unread: list[PermissionError] = []
        (upper / "d").mkdir()
        (upper / "d" / "f").write_bytes(bytes(10))
        (upper / "g").write_bytes(bytes(5))
        (upper / "d").chmod(0)
        try:
            assert layer_usage(upper, unread=unread.append) == Usage(5, 3)
            assert [error.filename for error in unread] == [os.fsencode(upper / "d")]
            with pytest.raises(PermissionError):
                layer_usage(upper)
        finally:
            (upper / "d").chmod(0o700)

    with their_directory() as upper:
        assert as_ordinary_user(work) == ""
