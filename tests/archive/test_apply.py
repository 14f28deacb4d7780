"""Layers applied to a plain tree give what umoci gives: all golden stacks."""

from __future__ import annotations

import io
import os
import stat
from pathlib import Path

import pytest

from layerscope.archive.apply import apply
from layerscope.archive.tar_format import InvalidTar
from tests.support.golden import ApplyCase, Tree, apply_cases, host_tree

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="owners and devices need root")


def pinned(tree: Tree, like: Tree) -> Tree:
    """``tree`` without the times that the golden case leaves open."""
    open_times = {node["path"] for node in like if "mtime" not in node}
    return [
        {k: v for k, v in node.items() if k != "mtime" or node["path"] not in open_times}
        for node in tree
    ]


@pytest.mark.parametrize("case", apply_cases(), ids=lambda case: case.name)
def test_golden_stack(case: ApplyCase, tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir(mode=0o755)
    layers = map(io.BytesIO, case.layers)
    if case.tree is None:
        with pytest.raises(InvalidTar):
            apply(layers, root)
        return
    apply(layers, root)
    assert pinned(host_tree(root), case.tree) == sorted(case.tree, key=lambda node: node["path"])
    assert f"{stat.S_IMODE(root.stat().st_mode):04o}" == case.root_mode
