"""The two size models."""

from __future__ import annotations

import os
from pathlib import Path

from layerscope.accounting.sizes import SizeModel, Usage, layer_usage
from tests.support.containers import container


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
