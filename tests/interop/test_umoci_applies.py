"""umoci, which reads tars as Docker does: odd layers applied, and what the writer writes."""

from __future__ import annotations

import io
import random
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from layerscope.archive.apply import apply
from layerscope.archive.entry import Entry, Kind
from layerscope.archive.placing import UnpackFailed
from layerscope.archive.tar_format import InvalidTar
from layerscope.archive.walk import walk_tree
from layerscope.archive.writer import TarWriter
from tests.support.golden import Tree, host_tree
from tests.support.images import image, oci_members
from tests.support.odd_layers import odd_layers
from tests.support.peers import Tool

pytestmark = pytest.mark.interop

STACKS = 60


def of_umoci(layers: list[bytes], folder: Path) -> Path | None:
    """The root file system that umoci makes; None if it refuses, or takes a thing that we take.

    It fails where a new directory stands in the way of a lower file, which Docker and we replace.
    """
    layout = folder / "layout"
    for name, data in oci_members(image("x:1", layers=layers)).items():
        (layout / name).parent.mkdir(parents=True, exist_ok=True)
        (layout / name).write_bytes(data)
    bundle = folder / "bundle"
    done = subprocess.run(
        ["umoci", "unpack", "--image", f"{layout}:1", str(bundle)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode and "mkdir parent" in done.stderr and "not a directory" in done.stderr:
        pytest.skip("a directory in the place of a lower file")
    assert not done.returncode or "unpack layer" in done.stderr, done.stderr
    return None if done.returncode else bundle / "rootfs"


def of_us(layers: list[bytes], folder: Path) -> Path | None:
    """The root file system that we make, None if we refuse."""
    root = folder / "root"
    root.mkdir(mode=0o755)
    try:
        apply(map(io.BytesIO, layers), root)
    except (InvalidTar, UnpackFailed):
        return None
    return root


def comparable(tree: Tree, since: float) -> list[dict[str, Any]]:
    """Without the times of directories that no layer speaks of: umoci gives them today's."""
    return [{k: v for k, v in node.items() if k != "mtime" or 0 < v < since} for node in tree]


@pytest.mark.parametrize("number", range(STACKS))
def test_as_umoci(umoci: Tool, number: int, tmp_path: Path) -> None:
    since = time.time() - 1
    layers = odd_layers(random.Random(number))
    theirs, ours = of_umoci(layers, tmp_path), of_us(layers, tmp_path)
    assert (theirs is None) == (ours is None)
    if theirs is None or ours is None:
        return
    open_times = {n["path"] for n in host_tree(theirs) if n["mtime"] >= since}
    their_tree = comparable(host_tree(theirs), since)
    our_tree = comparable(host_tree(ours), since)
    for node in our_tree + their_tree:
        if node["path"] in open_times:
            node.pop("mtime", None)
    assert our_tree == their_tree


LATIN = b"caf\xe9"


def test_what_the_writer_writes_is_read_by_go(umoci: Tool, tmp_path: Path) -> None:
    out = io.BytesIO()
    writer = TarWriter(out)
    for entry, content in (
        (Entry(LATIN, Kind.FILE, 0o4755, 5, 6, size=2, mtime=9), b"ab"),
        (Entry(LATIN * 40, Kind.FILE, uid=1 << 31, size=1, mtime=-9), b"c"),
        (Entry(b"p" * 150 + b"/" + b"n" * 90, Kind.FILE, mtime=1 << 33), b""),
        (Entry(b"soft", Kind.SYMLINK, 0o777, link=LATIN * 60, mtime=9), b""),
        (Entry(b"hard", Kind.HARDLINK, link=LATIN * 40), b""),
        (Entry(b"x", Kind.FILE, mtime=9, mtime_ns=7, xattrs={b"user.k": b"\xff=\n"}), b""),
        (Entry(b"null", Kind.CHAR, 0o666, mtime=9, device=(1, 3)), b""),
    ):
        writer.add(entry, [content])
    writer.close()
    layers = [out.getvalue()]
    theirs, ours = of_umoci(layers, tmp_path), of_us(layers, tmp_path)
    assert theirs is not None
    assert ours is not None
    assert seen(theirs) == seen(ours)
    assert LATIN * 40 in seen(theirs)


def seen(root: Path) -> dict[bytes, dict[str, Any]]:
    """What stands in ``root``, but for the times of directories that no layer speaks of."""
    unknown = ("mtime", "mtime_ns")
    return {
        entry.path: {
            name: getattr(entry, name)
            for name in Entry.__slots__
            if entry.kind is not Kind.DIR or name not in unknown
        }
        for entry, _ in walk_tree(root)
    }
