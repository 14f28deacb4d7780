"""What mountinfo tells of a container's root."""

from __future__ import annotations

import os
from pathlib import Path

from layerscope.archive.overlay import Namespace
from layerscope.containers.foreign.container import Layers
from layerscope.containers.foreign.mounted import mounted_layers, read_mountinfo

ID = "8a800c17" * 8
OWN = f"93 75 254:0 /docker/containers/{ID}/hostname /etc/hostname rw - ext4 /dev/vda rw"
FOLDER = "/docker/containerd/snapshots"


def found(options: str, *more: str) -> Layers | None:
    lines = [f"75 51 0:39 / / rw,relatime master:2 - overlay overlay {options}", *more]
    return read_mountinfo(lines, ID)


def test_the_lower_directories_come_bottom_first() -> None:
    lower = ":".join(f"{FOLDER}/{number}/fs" for number in (19, 12, 4))
    layers = found(f"rw,lowerdir={lower},upperdir={FOLDER}/20/fs,workdir={FOLDER}/20/work", OWN)
    assert layers is not None
    assert layers.upper == Path(FOLDER, "20", "fs")
    assert layers.lower == tuple(Path(FOLDER, name, "fs") for name in ("4", "12", "19"))
    assert (layers.image, layers.in_blocks) == (2, True)


def test_relative_ones_are_named_from_the_snapshots_folder() -> None:
    layers = found(f"rw,lowerdir=19/fs:4/fs,upperdir={FOLDER}/20/fs,workdir={FOLDER}/20/work", OWN)
    assert layers is not None
    assert layers.lower == (Path(FOLDER, "4", "fs"), Path(FOLDER, "19", "fs"))


def test_one_option_each_and_escapes() -> None:
    layers = found("rw,lowerdir+=/a\\040b/2,lowerdir+=/a\\040b/1,upperdir=/a\\040b/3/fs", OWN)
    assert layers is not None
    assert layers.lower == (Path("/a b/1"), Path("/a b/2"))
    assert layers.upper == Path("/a b/3/fs")


def test_a_rootless_one_has_its_marks_in_the_user_s_namespace() -> None:
    options = f"rw,lowerdir=/1,upperdir={FOLDER}/20/fs"
    for more, namespace in (("", Namespace.TRUSTED), (",userxattr", Namespace.USER)):
        layers = found(options + more, OWN)
        assert layers is not None
        assert layers.namespace is namespace


def test_another_process_is_no_container() -> None:
    assert found(f"rw,lowerdir=/1,upperdir={FOLDER}/20/fs") is None
    assert found("rw,size=65536k", OWN) is None
    assert read_mountinfo(["", "garbage", OWN], ID) is None
    assert mounted_layers(os.getpid(), ID) is None
    assert mounted_layers(1 << 30, ID) is None
