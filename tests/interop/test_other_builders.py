"""Images by buildah, podman and umoci, and a root file system by mmdebstrap."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path

import pytest

from tests.support import merged
from tests.support.peers import Tool
from tests.support.program import Layerscope
from tests.support.real_images import Forms

pytestmark = pytest.mark.interop


def _unpacked(umoci: Tool, layout: Path, tag: str, folder: Path) -> Path:
    umoci("unpack", "--image", f"{layout}:{tag}", str(folder / "bundle"))
    return folder / "bundle" / "rootfs"


def test_rootfs_tar_is_what_tar_lists(layerscope: Layerscope, rootfs: Path) -> None:
    ours = merged.of_tree(layerscope.json("tree", f"rootfs:{rootfs}"))
    assert merged.differences(ours, merged.of_tar(rootfs)) == []


def test_rootfs_folder_is_what_lies_there(
    layerscope: Layerscope, rootfs: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "rootfs"
    with tarfile.open(rootfs) as tar:
        tar.extractall(folder, filter="tar")
    ours = merged.of_tree(layerscope.json("tree", f"rootfs:{folder}"))
    assert merged.differences(ours, merged.of_folder(folder)) == []


def test_buildah_image(
    layerscope: Layerscope, buildah: Tool, umoci: Tool, rootfs: Path, tmp_path: Path
) -> None:
    first = buildah("from", "scratch").strip()
    buildah("add", "-q", first, str(rootfs), "/")
    buildah("config", "--label", "made.by=buildah", "--cmd", '["sh"]', first)
    buildah("commit", "-q", first, "example/first:1")
    second = buildah("from", "localhost/example/first:1").strip()
    change = "rm -r /usr/share/doc && chmod 600 /etc/passwd && ln /etc/group /srv/group"
    buildah("run", "--isolation", "chroot", second, "sh", "-c", change)
    buildah("commit", "-q", second, "example/second:1")
    layout = tmp_path / "layout"
    buildah("push", "-q", "example/second:1", f"oci:{layout}:second")

    ours = merged.of_tree(layerscope.json("tree", f"oci:{layout}:second"))
    theirs = merged.of_folder(_unpacked(umoci, layout, "second", tmp_path))
    assert merged.differences(ours, theirs) == []
    assert len(layerscope.json("layers", f"oci:{layout}:second")) == 2


def test_umoci_image(layerscope: Layerscope, umoci: Tool, tmp_path: Path) -> None:
    layout = tmp_path / "layout"
    umoci("init", "--layout", str(layout))
    umoci("new", "--image", f"{layout}:one")
    bundle = tmp_path / "bundle"
    umoci("unpack", "--image", f"{layout}:one", str(bundle))
    top = bundle / "rootfs"
    (top / "etc" / "conf.d").mkdir(parents=True)
    (top / "etc" / "conf.d" / "a").write_text("a\n")
    (top / "etc" / "b").write_text("b\n")
    os.link(top / "etc" / "b", top / "etc" / "c")
    umoci("repack", "--refresh-bundle", "--image", f"{layout}:one", str(bundle))
    (top / "etc" / "conf.d" / "a").unlink()
    (top / "etc" / "conf.d").rmdir()
    os.mkfifo(top / "etc" / "conf.d")
    (top / "etc" / "b").chmod(0o600)
    umoci("repack", "--image", f"{layout}:two", str(bundle))
    umoci("config", "--image", f"{layout}:two", "--config.cmd", "sh")

    for tag in ("one", "two"):
        (tmp_path / tag).mkdir()
        ours = merged.of_tree(layerscope.json("tree", f"oci:{layout}:{tag}"))
        theirs = merged.of_folder(_unpacked(umoci, layout, tag, tmp_path / tag))
        assert merged.differences(ours, theirs) == []
    layerscope("load", f"oci:{layout}:two", "-t", "example/umoci:2")
    history = layerscope.json("history", "example/umoci:2")
    assert [row["empty_layer"] for row in history] == [True, False, False]


@pytest.mark.parametrize("form", ["docker-archive", "oci-archive", "oci-dir"])
def test_podman_save(
    layerscope: Layerscope, podman: Tool, forms: Forms, tmp_path: Path, form: str
) -> None:
    podman("load", "-q", "-i", str(forms.saved))
    out = tmp_path / form
    podman("save", "-q", "--format", form, "-o", str(out), forms.name)

    ours = merged.of_tree(layerscope.json("tree", str(out)))
    same = merged.of_tree(layerscope.json("tree", str(forms.saved)))
    assert merged.differences(ours, same) == []


def test_umoci_unpacks_what_layerscope_shows(
    layerscope: Layerscope, umoci: Tool, forms: Forms, tmp_path: Path
) -> None:
    layout = Path(forms.target("oci-gzip"))
    theirs = merged.of_folder(_unpacked(umoci, layout, forms.name, tmp_path))
    ours = merged.of_tree(layerscope.json("tree", str(layout)))
    assert merged.differences(ours, theirs) == []
