"""A layer unpacked in overlay form: the kernel, mounting it, shows what the spec says."""

from __future__ import annotations

import io
import os
import stat
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from layerscope.archive.apply import apply_layer
from layerscope.archive.entry import Entry, Kind
from layerscope.archive.overlay import Form, Namespace, Owners, Whiteouts
from layerscope.archive.placing import UnpackFailed
from layerscope.archive.tar_format import InvalidTar
from layerscope.archive.unpack import Unpacked, unpack_layer
from layerscope.archive.walk import walk_tree
from layerscope.archive.writer import TarWriter
from tests.support.golden import ApplyCase, apply_cases, host_tree
from tests.support.layers import file, folder, hardlink, symlink, tar
from tests.support.mounts import overlay
from tests.support.tree_below import TreeBelow

root_only = pytest.mark.skipif(os.geteuid() != 0, reason="owners and devices need root")

TRUSTED = Form(Namespace.TRUSTED, Whiteouts.DEVICE, Owners.REAL)
USER = Form(Namespace.USER, Whiteouts.DEVICE, Owners.REAL)
USER_XATTR = Form(Namespace.USER, Whiteouts.XATTR, Owners.REAL)
UNPRIVILEGED = Form(Namespace.USER, Whiteouts.DEVICE, Owners.OVERRIDE)


def unpacked(layers: Sequence[bytes], where: Path, form: Form) -> tuple[list[Path], list[Unpacked]]:
    """Each layer in a directory of its own, and a plain tree of all of them in ``where/plain``."""
    plain = where / "plain"
    plain.mkdir(mode=0o755)
    paths, results = [], []
    for number, layer in enumerate(layers):
        path = where / f"layer-{number}"
        path.mkdir()
        results.append(unpack_layer(io.BytesIO(layer), path, form, TreeBelow(plain)))
        apply_layer(io.BytesIO(layer), plain)
        paths.append(path)
        if results[-1].opaque_root:
            paths = [path]
    return paths, results


def without(tree: list[dict[str, object]], *keys: str) -> list[dict[str, object]]:
    return [{k: v for k, v in node.items() if k not in keys} for node in tree]


@root_only
@pytest.mark.parametrize("form", [TRUSTED, USER, USER_XATTR], ids=["trusted", "user", "xattr"])
@pytest.mark.parametrize("case", apply_cases(), ids=lambda case: case.name)
def test_the_kernel_mounts_a_golden_stack(case: ApplyCase, form: Form, tmp_path: Path) -> None:
    if case.tree is None:
        with pytest.raises(InvalidTar):
            unpacked(case.layers, tmp_path, form)
        return
    paths, _ = unpacked(case.layers, tmp_path, form)
    options = () if form is TRUSTED else ("userxattr",)
    with overlay(paths, tmp_path / "merged", *options) as merged:
        mode = stat.S_IMODE(merged.stat().st_mode)
        found = host_tree(merged)
    expected = host_tree(tmp_path / "plain")
    # Across layers a hard link becomes a copy.
    loose = ["nlink", "ino_group"] if case.name == "hardlink-to-lower" else []
    # umoci leaves the attribute out, the overlay shows it to those that may see it.
    loose += ["xattrs_b64"] if case.name == "xattr-trusted-opaque" else []
    assert without(found, *loose) == without(expected, *loose)
    assert f"{mode:04o}" == case.root_mode


def layer(*entries: object) -> io.BytesIO:
    return io.BytesIO(tar(entries))  # type: ignore[arg-type]


def seen(path: Path) -> dict[str, str]:
    """Names below ``path`` and what they are: a whiteout, an opaque directory or a mode."""
    found = {}
    for entry, _ in walk_tree(path):
        word = entry.kind.word
        if entry.kind is Kind.CHAR and entry.device == (0, 0):
            word = "whiteout"
        if entry.xattrs.get(b"trusted.overlay.opaque") == b"y":
            word = "opaque"
        found[os.fsdecode(entry.path)] = word
    return found


@root_only
@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([file(".wh.a")], {"a": "whiteout"}),
        ([file("d/.wh.a"), file("d/.wh.b")], {"d": "dir", "d/a": "whiteout", "d/b": "whiteout"}),
        ([file("d/.wh..wh..opq")], {"d": "opaque"}),
        ([file("d/.wh.a"), file("d/.wh..wh..opq")], {"d": "opaque"}),
        ([file("d/.wh..wh..opq"), file("d/.wh.a")], {"d": "opaque"}),
        ([file("d/.wh.a"), file(".wh.d")], {"d": "whiteout"}),
        ([file(".wh.d"), file("d/a")], {"d": "opaque", "d/a": "file"}),
        ([file("d/a"), file(".wh.d")], {"d": "opaque", "d/a": "file"}),
        ([file(".wh.a"), file("a")], {"a": "file"}),
        ([file("a"), file(".wh.a")], {"a": "file"}),
        ([file("a"), folder("a")], {"a": "opaque"}),
        ([folder("a"), file("a/b"), file("a")], {"a": "file"}),
        ([file(".wh..wh.aufs"), folder(".wh..wh.plnk")], {}),
        ([symlink("s", "d"), file("s/x")], {"d": "dir", "d/x": "file", "s": "symlink"}),
        ([symlink("s", "../.."), file("s/x")], {"s": "symlink", "x": "file"}),
        ([file("../../up"), file("/abs"), file("a/../b")],
         {"abs": "file", "b": "file", "up": "file"}),
        ([file("a"), hardlink("b", "a"), file("a")], {"a": "file", "b": "file"}),
    ],
)  # fmt: skip
def test_what_stands_in_the_directory(
    entries: list[object], expected: dict[str, str], tmp_path: Path
) -> None:
    unpack_layer(layer(*entries), tmp_path, TRUSTED)
    found = seen(tmp_path)
    del found[""]
    assert found == expected


@root_only
def test_an_opaque_root_is_reported(tmp_path: Path) -> None:
    assert unpack_layer(layer(file(".wh..wh..opq")), tmp_path, TRUSTED).opaque_root
    assert seen(tmp_path) == {"": "opaque"}


@root_only
def test_whiteouts_of_nothing_are_left_out(tmp_path: Path) -> None:
    below = tmp_path / "below"
    below.mkdir()
    (below / "there").touch()
    dest = tmp_path / "dest"
    dest.mkdir()
    tarred = layer(file(".wh.there"), file(".wh.gone"), file("x/.wh.y"), file("z/.wh..wh..opq"))
    unpack_layer(tarred, dest, TRUSTED, TreeBelow(below))
    assert seen(dest) == {"": "dir", "there": "whiteout"}


@root_only
@pytest.mark.parametrize(
    "entries",
    [
        [file(".wh.")],
        [file(".wh..")],
        [file("d/.wh...")],
        [file("a"), file("a/b")],
        [hardlink("b", "a"), file("a")],
        [hardlink("a", "a")],
        [file("a"), hardlink("a", "a")],
        [folder("d"), hardlink("h", "d")],
        [file(".wh.a"), hardlink("h", "a")],
        [symlink("l", "m"), symlink("m", "l"), file("l/x")],
        [file(".")],
    ],
)
def test_layers_that_make_no_sense(entries: list[object], tmp_path: Path) -> None:
    (tmp_path / "dest").mkdir()
    with pytest.raises(InvalidTar) as told:
        unpack_layer(layer(*entries), tmp_path / "dest", TRUSTED)
    assert " b'" not in str(told.value)
    assert os.listdir(tmp_path) == ["dest"]


def written(*entries: tuple[Entry, bytes]) -> io.BytesIO:
    out = io.BytesIO()
    writer = TarWriter(out)
    for entry, content in entries:
        writer.add(entry, [content])
    writer.close()
    return io.BytesIO(out.getvalue())


@root_only
def test_owners_modes_times_and_attributes(tmp_path: Path) -> None:
    xattrs = {b"user.k": b"v", b"trusted.overlay.opaque": b"y"}
    entries = [
        (Entry(b"", Kind.DIR, 0o711, 5, 6, mtime=-5, mtime_ns=3), b""),
        (Entry(b"d", Kind.DIR, 0o3750, 1, 2, mtime=11, mtime_ns=7), b""),
        (Entry(b"d/f", Kind.FILE, 0o6755, 3, 4, size=4, mtime=12, xattrs=xattrs), b"data"),
        (Entry(b"d/l", Kind.SYMLINK, 0o777, 5, 6, mtime=13, link=b"f"), b""),
        (Entry(b"d/p", Kind.FIFO, 0o622, 7, 8, mtime=14), b""),
        (Entry(b"d/c", Kind.CHAR, 0o666, 9, 10, mtime=15, device=(1, 3)), b""),
        (Entry(b"d/z", Kind.FILE, 0, 4_000_000_000, 1, mtime=1 << 33, mtime_ns=999), b""),
    ]
    unpack_layer(written(*entries), tmp_path, TRUSTED)
    found = {entry.path: entry for entry, _ in walk_tree(tmp_path)}
    for entry, _ in entries:
        back = found[entry.path]
        assert (back.kind, back.mode, back.uid, back.gid) == (
            entry.kind, entry.mode, entry.uid, entry.gid,
        )  # fmt: skip
        assert (back.mtime, back.mtime_ns) == (entry.mtime, entry.mtime_ns)
        assert back.link == entry.link
    assert found[b"d/c"].device == (1, 3)
    assert found[b"d/f"].xattrs == {
        b"user.k": b"v", b"trusted.overlay.overlay.opaque": b"y",
    }  # fmt: skip


def test_an_ordinary_user_s_owners_stand_in_an_attribute(tmp_path: Path) -> None:
    entries = [
        (Entry(b"d", Kind.DIR, 0o500, 1, 2, mtime=9), b""),
        (Entry(b"d/f", Kind.FILE, 0o4755, 3, 4, size=4, mtime=9), b"data"),
        (Entry(b"d/plain", Kind.FILE, 0o644, mtime=9), b""),
        (Entry(b"d/c", Kind.CHAR, 0o666, device=(1, 3), mtime=9), b""),
        (Entry(b"d/p", Kind.FIFO, 0o622, 7, 8, mtime=9), b""),
        (Entry(b"d/l", Kind.SYMLINK, 0o777, 7, 8, link=b"f", mtime=9), b""),
    ]
    unpack_layer(written(*entries), tmp_path, UNPRIVILEGED)
    found = {entry.path: entry for entry, _ in walk_tree(tmp_path)}
    owner = (os.geteuid(), os.getegid())
    assert all((entry.uid, entry.gid) == owner for path, entry in found.items() if path)
    values = {
        path: entry.xattrs.get(b"user.fuseoverlayfs.override_stat")
        for path, entry in found.items()
        if path
    }
    assert values == {
        b"d": b"1:2:500:dir",
        b"d/f": b"3:4:4755:file",
        b"d/plain": None,
        b"d/c": b"0:0:666:char-1-3",
        b"d/p": b"7:8:622:pipe",
        b"d/l": None,
    }
    assert found[b"d"].mode == 0o700
    assert found[b"d/f"].mode == 0o755
    assert found[b"d/f"].mtime == 9


@root_only
def test_sparse_files_keep_their_holes(tmp_path: Path) -> None:
    source, dest = tmp_path / "source", tmp_path / "dest"
    source.mkdir()
    with (source / "holes").open("wb") as out:
        for at in (5 << 20, 9 << 20):
            out.seek(at)
            out.write(b"x" * 70_000)
        out.truncate(20 << 20)
    for form in ("--format=gnu", "--format=pax", "--sparse-version=0.0", "--sparse-version=0.1"):
        dest.mkdir()
        tarred = subprocess.run(
            ["tar", "-cS", form, "-C", source, "."], capture_output=True, check=True
        )
        unpack_layer(io.BytesIO(tarred.stdout), dest, TRUSTED)
        assert (dest / "holes").read_bytes() == (source / "holes").read_bytes()
        assert (dest / "holes").stat().st_blocks * 512 < 1 << 20
        (dest / "holes").unlink()
        dest.rmdir()


@root_only
def test_files_larger_than_a_buffer(tmp_path: Path) -> None:
    data = os.urandom(3_500_000)
    unpack_layer(layer(file("a", data), file("b", b"after")), tmp_path, TRUSTED)
    assert (tmp_path / "a").read_bytes() == data
    assert (tmp_path / "b").read_bytes() == b"after"


@root_only
def test_4096_folders_deep(tmp_path: Path) -> None:
    deep = b"/".join([b"d"] * 4096)
    entries = written((Entry(deep + b"/file", Kind.FILE, size=1), b"x"))
    unpack_layer(entries, tmp_path, TRUSTED)
    assert sum(1 for _ in walk_tree(tmp_path)) == 4098
    again = written((Entry(deep, Kind.DIR), b""), (Entry(b"d", Kind.FILE), b""))
    apply_layer(again, tmp_path)
    assert [entry.kind for entry, _ in walk_tree(tmp_path)] == [Kind.DIR, Kind.FILE]


def test_a_name_that_the_host_can_not_hold(tmp_path: Path) -> None:
    with pytest.raises(UnpackFailed, match="File name too long"):
        unpack_layer(layer(file("n" * 300)), tmp_path, UNPRIVILEGED)


def test_a_tar_that_ends_early(tmp_path: Path) -> None:
    cut = tar([file("a", bytes(5000))])[:3000]
    with pytest.raises(InvalidTar, match="middle of an entry"):
        unpack_layer(io.BytesIO(cut), tmp_path, UNPRIVILEGED)


def test_a_stream_that_fails(tmp_path: Path) -> None:
    class Failing(io.BytesIO):
        def readinto(self, memory: object) -> int:
            raise OSError(5, "Input/output error")

    with pytest.raises(OSError, match="Input/output error"):
        unpack_layer(Failing(), tmp_path, UNPRIVILEGED)


@root_only
def test_a_full_disk(tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", small], check=False)
    if made.returncode:
        pytest.skip("no mounts here")
    try:
        with pytest.raises(UnpackFailed, match=r"'big' cannot be made \(No space left"):
            unpack_layer(layer(file("a"), file("big", bytes(3 << 20))), small, TRUSTED)
    finally:
        subprocess.run(["umount", small], check=True)
