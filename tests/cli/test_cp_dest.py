"""Copying to where something stands already: what ``cp`` replaces, and what it never does."""

from __future__ import annotations

import os
import stat
import tarfile
import threading
from pathlib import Path

import pytest

from tests.support.command import Cli, Outcome
from tests.support.containers import is_root
from tests.support.images import docker_members, image, write_tar
from tests.support.layers import file, folder, hardlink, special, symlink, tar

LAYER = tar(
    [
        folder("d"),
        file("d/f1", b"one"),
        file("d/f2", b"two"),
        folder("d/sub", mode=0o711),
        file("d/sub/f3", b"three"),
        symlink("d/to", "f1"),
        hardlink("d/to2", "d/to"),
        special("pipe", tarfile.FIFOTYPE, mode=0o600),
        folder("secret", mode=0o700),
        folder("secret/closed", mode=0o500),
        file("secret/closed/f", b"closed"),
        folder("big"),
        *(file(f"big/{name}", name.encode() * 65024) for name in "abcdef"),
    ]
)


class Copying:
    """``cp`` out of one image, into a folder of its own."""

    def __init__(self, cli: Cli, folder: Path) -> None:
        self.image = folder / "image.tar"
        write_tar(self.image, docker_members(image("example:1", layers=(LAYER,))))
        self.cli = cli
        self.here = folder / "here"
        self.here.mkdir()

    def __call__(self, path: str, dest: Path | str = "") -> Outcome:
        return self.cli("cp", f"{self.image}:{path}", str(self.here / dest))

    def refused(self, path: str, dest: Path | str, told: str) -> None:
        """The call fails with one line, and nothing changes."""
        before = self.seen()
        outcome = self(path, dest)
        assert (outcome.code, len(outcome.err.splitlines())) == (1, 1), outcome.err
        assert told in outcome.err
        assert self.seen() == before

    def seen(self) -> dict[str, object]:
        """Each path below the folder, and what stands there."""
        return {str(path.relative_to(self.here)): _seen(path) for path in self.here.rglob("*")}


def _seen(path: Path) -> object:
    if path.is_symlink():
        return os.readlink(path)
    return path.read_bytes() if path.is_file() else stat.S_IFMT(path.stat().st_mode)


@pytest.fixture
def copy(cli: Cli, tmp_path: Path) -> Copying:
    return Copying(cli, tmp_path)


def test_a_folder_over_64_kib_comes_whole(copy: Copying) -> None:
    assert copy("/big", "out").code == 0
    assert copy.seen() == {
        "out": stat.S_IFDIR,
        **{f"out/{name}": name.encode() * 65024 for name in "abcdef"},
    }


@pytest.mark.parametrize(("path", "there"), [("/d", "d/f2"), ("/d", "d/to"), ("/d/f2", "f2")])
def test_a_folder_in_the_way_of_a_file_stays(copy: Copying, path: str, there: str) -> None:
    (copy.here / there / "precious").mkdir(parents=True)
    outcome = copy(path)
    assert outcome.code == 1
    assert f"{copy.here / there}: a file can't take the place of a folder" in outcome.err
    assert (copy.here / there / "precious").is_dir()
    assert not list(copy.here.rglob(".*"))


def test_a_file_in_the_way_of_a_folder_stays(copy: Copying) -> None:
    (copy.here / "d").mkdir()
    (copy.here / "d/sub").write_bytes(b"precious")
    outcome = copy("/d")
    assert outcome.code == 1
    assert f"{copy.here}/d/sub: a folder can't take the place of a file" in outcome.err
    assert (copy.here / "d/sub").read_bytes() == b"precious"


def test_a_symlink_below_the_destination_is_not_followed(copy: Copying) -> None:
    for name in ("elsewhere", "d"):
        (copy.here / name).mkdir()
    (copy.here / "elsewhere/f1").write_bytes(b"mine")
    (copy.here / "d/f1").symlink_to("../elsewhere/f1")
    (copy.here / "d/sub").symlink_to("../elsewhere")
    assert copy("/d").code == 1  # a folder, where a symlink is
    assert os.listdir(copy.here / "elsewhere") == ["f1"]
    assert (copy.here / "elsewhere/f1").read_bytes() == b"mine"
    assert not (copy.here / "d/f1").is_symlink()  # a file, where one was
    copy.refused("/d/.", "d", "d/sub: a folder can't take the place of a file")


def test_again_is_the_same(copy: Copying) -> None:
    """Files, symlinks, names of one file, fifos and folders all take the place of their likes."""
    for _ in range(2):
        assert copy("/d").code == 0
        assert copy("/pipe").code == 0
        (copy.here / "mine").touch()
    assert copy.seen() == {
        "d": stat.S_IFDIR,
        "d/f1": b"one",
        "d/f2": b"two",
        "d/sub": stat.S_IFDIR,
        "d/sub/f3": b"three",
        "d/to": "f1",
        "d/to2": "f1",
        "pipe": stat.S_IFIFO,
        "mine": b"",
    }
    assert stat.S_IMODE((copy.here / "d/sub").stat().st_mode) == 0o711


def test_a_new_folder_is_as_open_as_the_images(copy: Copying) -> None:
    assert copy("/secret", "new").code == copy("/secret").code == 0
    for name in ("new", "secret"):
        assert stat.S_IMODE((copy.here / name).stat().st_mode) == 0o700
        assert stat.S_IMODE((copy.here / name / "closed").stat().st_mode) == 0o500
        assert (copy.here / name / "closed/f").read_bytes() == b"closed"


@pytest.mark.parametrize("is_there", [True, False])
def test_a_destination_that_is_a_symlink_is_followed(copy: Copying, is_there: bool) -> None:
    (copy.here / "link").symlink_to("real")
    (copy.here / "folder").symlink_to("really")
    if is_there:
        (copy.here / "real").write_bytes(b"older")
        (copy.here / "really").mkdir()
    assert copy("/d/f1", "link").code == copy("/d/sub/.", "folder").code == 0
    assert copy.seen() == {
        "link": "real",
        "real": b"one",
        "folder": "really",
        "really": stat.S_IFDIR,
        "really/f3": b"three",
    }


def test_a_symlink_to_itself_is_no_destination(copy: Copying) -> None:
    (copy.here / "loop").symlink_to("loop")
    for path in ("/d", "/d/f1"):
        copy.refused(path, "loop", "cycle of symlinks")


@pytest.mark.parametrize("path", ["/d/f1", "/d/to"])
def test_a_socket_is_not_replaced(
    copy: Copying, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    import socket

    monkeypatch.chdir(copy.here)
    with socket.socket(socket.AF_UNIX) as one:
        one.bind("f1")
        copy.refused(path, "f1", "f1: it is neither a file nor a folder, and stays")


@pytest.mark.parametrize("is_linked", [True, False])
def test_a_fifo_is_written_into(copy: Copying, is_linked: bool) -> None:
    os.mkfifo(copy.here / "fifo")
    (copy.here / "link").symlink_to("fifo")
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append((copy.here / "fifo").read_bytes()))
    reader.start()
    assert copy("/d/f1", "link" if is_linked else "fifo").code == 0
    reader.join()
    assert got == [b"one"]
    copy.refused("/d/to", "fifo", "it is neither a file nor a folder")


def test_a_device_is_written_into_and_stays(copy: Copying) -> None:
    if not is_root():
        pytest.skip("only root makes devices")
    os.mknod(copy.here / "full", stat.S_IFCHR | 0o666, os.makedev(1, 7))
    os.mknod(copy.here / "disk", stat.S_IFBLK | 0o666, os.makedev(7, 200))
    copy.refused("/d/f1", "full", "full: no space left on device")
    copy.refused("/d/to", "full", "it is neither a file nor a folder")
    copy.refused("/d/f1", "disk", "it is neither a file nor a folder")


def test_the_longest_name_that_there_is(copy: Copying) -> None:
    name = "日" * 85
    assert copy("/d/f1", name).code == 0
    assert copy.seen() == {name: b"one"}
    assert len(os.fsencode(name)) == 255


def test_an_empty_destination_is_a_wrong_word(copy: Copying) -> None:
    outcome = copy.cli("cp", f"{copy.image}:/d/f1", "")
    assert (outcome.code, outcome.err.splitlines()[0]) == (2, "layerscope: DEST: it is empty")


def test_json_says_what_was_copied(copy: Copying) -> None:
    source = str(copy.image)
    assert copy.cli.ok("cp", f"{source}:/d", str(copy.here)) == {
        "path": str(copy.here / "d"),
        "bytes": 11,
    }
    assert copy.cli.ok("cp", f"{source}:/d/f2", str(copy.here / "x"))["bytes"] == 3
    assert copy.cli("cp", "--json", f"{source}:/d", "-").code == 2
