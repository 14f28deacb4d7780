from __future__ import annotations

import gzip
import io
import re
import tarfile
from pathlib import Path

import pytest

from layerscope.archive.entry import Kind
from layerscope.archive.tar_format import InvalidTar
from layerscope.index.columns import InvalidIndex
from layerscope.index.ingest import DigestMismatch, index_layer
from layerscope.index.layer import LayerIndex
from layerscope.index.rows import Flag
from layerscope.oci.digest import Digest
from tests.support.layers import file, folder, hardlink, index, symlink, tar


def paths(layer: LayerIndex) -> list[bytes]:
    return [layer.path(row) for row in range(len(layer))]


def test_rows_are_in_tree_order(tmp_path: Path) -> None:
    names = ["a.b", "a/z", "a", "a-b", "b/c/d", "a/b"]
    layer = index(tar([folder("a"), *(file(n) for n in names if n != "a")]), tmp_path)
    assert paths(layer) == [b"", b"a", b"a/b", b"a/z", b"a-b", b"a.b", b"b", b"b/c", b"b/c/d"]
    assert [layer.name(r) for r in layer.children(0)] == [b"a", b"a-b", b"a.b", b"b"]
    assert [layer.depth(r) for r in range(len(layer))] == [0, 1, 2, 2, 1, 1, 1, 2, 3]
    assert layer.flags[layer.find(b"b/c") or 0] & Flag.IMPLICIT
    assert not layer.flags[layer.find(b"a") or 0] & Flag.IMPLICIT


def test_subtree_sizes_count_an_inode_once(tmp_path: Path) -> None:
    entries = [
        file("d/f", b"x" * 100),
        hardlink("d/g", "d/f"),
        symlink("d/l", "target"),
        file("z", b"1"),
    ]
    layer = index(tar(entries), tmp_path)
    assert layer.subtree_size(layer.find(b"d") or 0) == 106
    assert layer.subtree_size(0) == layer.facts.size == 107
    link = layer.find(b"d/g")
    assert link is not None
    assert layer.link_row(link) == layer.find(b"d/f")
    assert layer.size[link] == 100
    assert layer.entry(link).link == b"d/f"


def test_every_row_is_found(tmp_path: Path) -> None:
    layer = index(tar([file(f"d{i % 3}/e/f{i}") for i in range(50)]), tmp_path)
    assert [layer.find(path) for path in paths(layer)] == list(range(len(layer)))
    assert layer.find(b"d0/e/f") is None
    assert layer.find(b"zzz") is None


def test_whiteouts_stand_under_the_name_they_hide(tmp_path: Path) -> None:
    entries = [file("a/.wh.gone"), file("b/.wh..wh..opq"), file("c/.wh.x"), file("c/x", b"new")]
    layer = index(tar(entries), tmp_path)
    gone, b, x = (layer.find(p) or 0 for p in (b"a/gone", b"b", b"c/x"))
    assert layer.kind[gone] == Kind.WHITEOUT
    assert layer.flags[b] & Flag.OPAQUE
    assert layer.kind[x] == Kind.FILE
    assert layer.flags[x] & Flag.REPLACES


@pytest.mark.parametrize("name", ["a/.wh.", "a/.wh..", ".wh..."])
def test_a_whiteout_of_nothing_is_an_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidTar, match=f"layer: '{re.escape(name)}' is a whiteout of nothing"):
        index(tar([file(name)]), tmp_path)


def test_names_never_leave_the_root(tmp_path: Path) -> None:
    layer = index(tar([file("../../etc/passwd"), file("/abs"), file("./x/./y//z")]), tmp_path)
    assert paths(layer) == [b"", b"abs", b"etc", b"etc/passwd", b"x", b"x/y", b"x/y/z"]


def test_the_last_of_repeated_entries_wins(tmp_path: Path) -> None:
    entries = [
        file("f", b"old"),
        folder("d"),
        file("d/in"),
        file("f", b"newer"),
        file("d", b"file"),
    ]
    layer = index(tar(entries), tmp_path)
    assert paths(layer) == [b"", b"d", b"f"]
    assert layer.size[layer.find(b"f") or 0] == 5


def test_entries_go_through_symlinks_of_their_layer(tmp_path: Path) -> None:
    entries = [
        folder("real"),
        symlink("link", "/real"),
        file("link/f", b"x"),
        symlink("up", "../.."),
    ]
    layer = index(tar([*entries, file("up/top")]), tmp_path)
    assert paths(layer) == [b"", b"link", b"real", b"real/f", b"top", b"up"]


@pytest.mark.parametrize("marker", ["d/.wh.x", "d/.wh..wh..opq"])
def test_markers_below_what_is_no_directory_hide_nothing(tmp_path: Path, marker: str) -> None:
    for number, entries in enumerate([[file("d"), file(marker)], [file(marker), file("d")]]):
        layer = index(tar(entries), tmp_path, f"index-{number}")
        assert paths(layer) == [b"", b"d"]
        assert layer.kind[1] == Kind.FILE


def test_a_cycle_of_symlinks_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InvalidTar, match="cycle"):
        index(tar([symlink("a", "b"), symlink("b", "a"), file("a/x")]), tmp_path)


def test_hard_links_form_no_cycle(tmp_path: Path) -> None:
    layer = index(tar([hardlink("a", "b"), hardlink("b", "a")]), tmp_path)
    assert layer.link_row(layer.find(b"a") or 0) == -1


def test_deep_and_odd_names(tmp_path: Path) -> None:
    deep = "/".join(["d"] * 4096)
    odd = "caf\udce9 \x1b[31m\n"
    layer = index(tar([file(deep), file(odd)], tarfile.GNU_FORMAT), tmp_path)
    assert layer.find(deep.encode()) is not None
    assert layer.find(b"caf\xe9 \x1b[31m\n") is not None
    assert len(layer) == 4098


def test_digests_are_verified(tmp_path: Path) -> None:
    data = tar([file("f", b"x")])
    blob = gzip.compress(data, mtime=0)
    facts = index_layer(
        io.BytesIO(blob),
        lambda diff_id: tmp_path / "index",
        digest=Digest.of(blob),
        diff_id=Digest.of(data),
    )
    assert (facts.codec, facts.blob_size, facts.tar_size) == ("gzip", len(blob), len(data))
    wrong = Digest.of(b"other")
    for digest, diff_id in ((wrong, None), (None, wrong)):
        with pytest.raises(DigestMismatch, match="was promised"):
            index_layer(
                io.BytesIO(blob), lambda diff_id: tmp_path / "bad", digest=digest, diff_id=diff_id
            )
    assert not (tmp_path / "bad").exists()


def test_watch_may_stop_it(tmp_path: Path) -> None:
    def stop(done: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        index_layer(
            io.BytesIO(tar([file("f", b"x" * 9_000_000)])), lambda d: tmp_path / "i", watch=stop
        )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("damage", ["short", "magic", "header"])
def test_a_damaged_file_is_no_index(tmp_path: Path, damage: str) -> None:
    index(tar([file("f")]), tmp_path)
    path = tmp_path / "index"
    data = bytearray(path.read_bytes())
    if damage == "short":
        del data[-9:]
    elif damage == "magic":
        data[0:4] = b"ELSE"
    else:
        data[12:30] = b"?" * 18
    path.write_bytes(bytes(data))
    with pytest.raises(InvalidIndex):
        LayerIndex.open(path)


def test_damage_inside_is_found_by_the_checksum(tmp_path: Path) -> None:
    assert index(tar([file("f" * 50)]), tmp_path).file.intact()
    path = tmp_path / "index"
    data = bytearray(path.read_bytes())
    data[data.rindex(b"fff")] ^= 1
    path.write_bytes(bytes(data))
    assert not LayerIndex.open(path).file.intact()
