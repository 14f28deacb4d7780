"""TARGETs: transports, files recognised by content, names of the store."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from layerscope.errors import Cancelled, LayerscopeError, UsageError
from layerscope.oci.digest import Digest
from layerscope.oci.platform import NoSuchPlatform, Platform
from layerscope.progress import Silent
from layerscope.sources.image import NotAnImage
from layerscope.sources.target import open_target
from layerscope.store.images import NoSuchImage
from layerscope.store.store import Store
from tests.support.images import (
    BASE,
    docker_25_members,
    docker_members,
    image,
    oci_members,
    write_folder,
    write_tar,
)
from tests.support.ordinary_user import as_ordinary_user
from tests.support.stores import load, load_new

ONE = image("one:1")
ARCHIVES = {"docker": docker_members, "docker 25": docker_25_members, "oci": oci_members}
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "zstd": zstandard.compress,
    "xz": lzma.compress,
    "bzip2": bz2.compress,
}


@pytest.mark.parametrize("form", ARCHIVES)
@pytest.mark.parametrize("name", ["image.tar", "image", "image.txt", "it:has:colons", "a b\n"])
def test_archives_are_recognised_by_content(
    store: Store, tmp_path: Path, form: str, name: str
) -> None:
    path = write_tar(tmp_path / name, ARCHIVES[form](ONE))
    assert open_target(str(path), store).id.hex == ONE.config.sha256


def test_manifest_json_may_stand_last(store: Store, tmp_path: Path) -> None:
    members = docker_members(ONE)
    last = {"manifest.json": members.pop("manifest.json")}
    path = write_tar(tmp_path / "image.tar", members | last)
    assert open_target(str(path), store).names == ("one:1",)


def test_folders_are_recognised_by_content(store: Store, tmp_path: Path) -> None:
    layout = write_folder(tmp_path / "layout", oci_members(ONE))
    assert open_target(str(layout), store).id.hex == ONE.config.sha256
    rootfs = write_folder(tmp_path / "rootfs", {"index.json": b"{}", "etc/motd": b"hi"})
    assert open_target(str(rootfs), store).layers[0].diff_id is None


@pytest.mark.parametrize("members", [{"etc/motd": b"hi"}, {"manifest.json": b'{"name": "app"}'}])
def test_any_other_tar_is_a_root_file_system(
    store: Store, tmp_path: Path, members: dict[str, bytes]
) -> None:
    found = open_target(str(write_tar(tmp_path / "t", members)), store)
    assert len(found.layers) == 1
    assert found.config.history == ()


def test_a_root_file_system_of_many_files_is_one(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("layerscope.sources.target._LOOK_AT_MOST", 10)
    path = write_tar(tmp_path / "t", {str(n): b"" for n in range(20)})
    assert len(open_target(str(path), store).layers) == 1


@pytest.mark.parametrize("packer", PACKERS)
@pytest.mark.parametrize("form", ["", "docker-archive:"])
def test_archives_may_be_compressed_as_a_whole(
    store: Store, tmp_path: Path, packer: str, form: str
) -> None:
    plain = write_tar(tmp_path / "plain", docker_members(ONE)).read_bytes()
    packed = tmp_path / "packed"
    packed.write_bytes(PACKERS[packer](plain))
    found = open_target(f"{form}{packed}", store)
    with found.layers[0].open() as layer:
        assert layer.read() == BASE


def test_the_copy_of_a_compressed_archive_is_used_again(store: Store, tmp_path: Path) -> None:
    packed = tmp_path / "packed"
    packed.write_bytes(gzip.compress(write_tar(tmp_path / "p", docker_members(ONE)).read_bytes()))
    place = open_target(str(packed), store).layers[0].place
    assert place is not None
    before = place.path.stat()
    again = Store.open(store.root)
    assert open_target(str(packed), again).layers[0].place == place
    assert os.path.samestat(place.path.stat(), before)
    assert store.collect().leftovers == ()
    store.close()
    again.close()
    assert [item.path for item in Store.open(store.root).collect().leftovers] == [place.path]


class Stops(Silent):
    """Progress of somebody who has had enough."""

    def check(self) -> None:
        raise Cancelled


def test_inflating_can_be_stopped(store: Store, tmp_path: Path) -> None:
    packed = tmp_path / "packed"
    packed.write_bytes(gzip.compress(write_tar(tmp_path / "p", docker_members(ONE)).read_bytes()))
    with pytest.raises(Cancelled):
        open_target(str(packed), store, progress=Stops())
    store.close()
    assert [path.name for path in (store.root / "tmp").iterdir()] == ["spool"]
    assert not list((store.root / "tmp" / "spool").iterdir())


def test_a_changed_archive_is_inflated_again(store: Store, tmp_path: Path) -> None:
    packed = tmp_path / "packed"
    for made in (ONE, image("two:1", note="two")):
        plain = write_tar(tmp_path / "plain", docker_members(made)).read_bytes()
        packed.write_bytes(gzip.compress(plain, mtime=0))
        assert open_target(str(packed), store).id.hex == made.config.sha256


def test_root_file_systems_by_transport(store: Store, tmp_path: Path) -> None:
    tar = write_tar(tmp_path / "t", docker_members(ONE))
    assert open_target(f"rootfs:{tar}", store).layers[0].size == tar.stat().st_size
    layout = write_folder(tmp_path / "layout", oci_members(ONE))
    assert open_target(f"rootfs:{layout}", store).layers[0].size is None


def test_names_and_ids_of_the_store(store: Store) -> None:
    loaded = load_new(store, ONE).image
    for text in ("one:1", "docker.io/library/one:1", loaded.id.short, str(loaded.id)):
        found = open_target(text, store)
        assert (found.id, found.names) == (loaded.id, ("one:1",))
        with found.layers[0].open() as layer:
            assert layer.read() == BASE


def test_a_bare_word_is_the_store_s_before_a_folder_s(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_new(store, image("app"))
    monkeypatch.chdir(tmp_path)
    Path("app").mkdir()
    assert open_target("app", store).names == ("app:latest",)
    assert open_target("./app", store).names == ()
    assert open_target("rootfs:app", store).names == ()
    Path("other").mkdir()
    assert open_target("other", store).names == ()


@pytest.mark.parametrize("text", ["dir:alpine", "ostree:alpine", "ftp://x"])
def test_other_transports_are_one_line(store: Store, text: str) -> None:
    with pytest.raises(UsageError, match="images are not read from"):
        open_target(text, store)


@pytest.mark.parametrize("transport", ["docker-archive", "oci-archive", "oci", "rootfs"])
def test_a_transport_alone_is_no_image(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, transport: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="nothing stands behind the colon"):
        open_target(f"{transport}:", store)


@pytest.mark.parametrize("transport", ["docker-archive", "oci-archive", "oci", "rootfs"])
def test_what_is_not_there_is_one_line(store: Store, tmp_path: Path, transport: str) -> None:
    with pytest.raises(LayerscopeError, match=r"no such file|is missing"):
        open_target(f"{transport}:{tmp_path}/nope", store)


@pytest.mark.parametrize("text", ["./nope", "/nope/nope", "nope.tar", "../x:1"])
def test_a_path_that_is_not_there_is_told_as_one(store: Store, text: str) -> None:
    with pytest.raises(LayerscopeError, match="no such file or directory"):
        open_target(text, store)


@pytest.mark.parametrize("text", ["nope", "nope:1", "ghcr.io/a/b", "", "x" * 5000, "\x1b[0m"])
def test_a_name_that_is_not_there_is_told_as_one(store: Store, text: str) -> None:
    with pytest.raises(LayerscopeError) as caught:
        open_target(text, store)
    assert isinstance(caught.value, NoSuchImage) or "too long" in str(caught.value)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "it is empty"),
        (b"hello, this is no image\n" * 100, "it is no tar archive"),
        (os.urandom(4096), "it is no tar archive"),
        (gzip.compress(b"not a tar", mtime=0), "it is cut off|no tar archive"),
        (gzip.compress(bytes(5000), mtime=0)[:-9], "it is damaged"),
        (b"\x1f\x8b\x08" + os.urandom(500), "it is damaged"),
        (zstandard.compress(os.urandom(999))[:-5], "it is damaged"),
        (b"PK\x03\x04" + bytes(600), "it is no tar archive"),
    ],
)
def test_what_is_no_image_at_all(store: Store, tmp_path: Path, data: bytes, why: str) -> None:
    (tmp_path / "file").write_bytes(data)
    with pytest.raises(LayerscopeError, match=why) as caught:
        open_target(str(tmp_path / "file"), store)
    assert "\n" not in str(caught.value)


def test_pipes_and_devices_are_not_waited_for(store: Store, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for path in (tmp_path / "fifo", Path("/dev/zero"), Path("/dev/null")):
        for prefix in ("", "docker-archive:", "rootfs:"):
            with pytest.raises(NotAnImage, match="no regular file"):
                open_target(f"{prefix}{path}", store)
    assert threading.active_count() < 10


def test_an_unreadable_file_is_told(store: Store, tmp_path: Path) -> None:
    path = write_tar(tmp_path / "image.tar", docker_members(ONE))
    open_target(f"docker-archive:{path}", store)
    path.chmod(0)

    def look() -> None:
        with pytest.raises(LayerscopeError, match="permission denied"):
            open_target(f"docker-archive:{path}", store)

    assert as_ordinary_user(look) == ""


def test_links_in_a_circle_are_told(store: Store, tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(LayerscopeError, match=r"symbolic links|no such file"):
        open_target(f"docker-archive:{tmp_path}/a", store)


def test_a_platform_that_a_single_image_is_not_for(store: Store, tmp_path: Path) -> None:
    path = write_tar(tmp_path / "image.tar", docker_members(ONE))
    load(store, path)
    for text in (str(path), "one:1"):
        assert open_target(text, store, Platform("linux", "amd64"))
        with pytest.raises(NoSuchPlatform, match="only for linux/amd64"):
            open_target(text, store, Platform("linux", "arm64"))


def test_a_stored_image_whose_blob_is_gone_is_told(store: Store) -> None:
    load_new(store, ONE)
    store.blobs.path(Digest.of(BASE)).unlink()
    with pytest.raises(LayerscopeError, match="not in the store"):
        open_target("one:1", store)
