"""Copying out of an image, by the rules of ``docker cp``."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from tests.support.command import Cli
from tests.support.images import docker_members, image, write_tar
from tests.support.layers import file, folder, hardlink, symlink, tar

LAYER = tar(
    [
        folder("usr"),
        folder("usr/bin"),
        file("usr/bin/tool", b"#!/bin/sh\n", mode=0o4755),
        symlink("bin", "usr/bin"),
        symlink("usr/bin/sh", "tool"),
        symlink("loop", "loop"),
        folder("data"),
        file("data/a", b"abc"),
        hardlink("data/b", "data/a"),
        hardlink("usr/bin/outside", "data/a"),
    ]
)

TOOLS = ("", "/outside", "/sh", "/tool")


@pytest.fixture
def target(tmp_path: Path) -> str:
    """An archive of one image."""
    write_tar(tmp_path / "image.tar", docker_members(image("example:1", layers=(LAYER,))))
    return str(tmp_path / "image.tar")


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """Where things are copied to."""
    (tmp_path / "here").mkdir()
    return tmp_path / "here"


def test_a_file_goes_to_a_name_or_into_a_folder(cli: Cli, target: str, here: Path) -> None:
    assert cli("cp", f"{target}:/data/a", f"{here}/copy").code == 0
    assert cli("cp", f"{target}:data/a", str(here)).code == 0
    assert (here / "copy").read_bytes() == (here / "a").read_bytes() == b"abc"
    (here / "copy").write_bytes(b"older")
    assert cli("cp", f"{target}:/data/a", f"{here}/copy").code == 0
    assert (here / "copy").read_bytes() == b"abc"


def test_a_path_goes_through_folders_that_are_symlinks(cli: Cli, target: str, here: Path) -> None:
    assert cli("cp", f"{target}:/bin/tool", str(here)).code == 0
    assert (here / "tool").read_bytes() == b"#!/bin/sh\n"


def test_a_symlink_is_copied_as_one_unless_followed(cli: Cli, target: str, here: Path) -> None:
    assert cli("cp", f"{target}:/bin/sh", f"{here}/link").code == 0
    assert os.readlink(here / "link") == "tool"
    assert cli("cp", "-L", f"{target}:/bin/sh", f"{here}/followed").code == 0
    assert (here / "followed").read_bytes() == b"#!/bin/sh\n"
    assert cli("cp", f"{target}:/bin/", f"{here}/folder").code == 0
    assert (here / "folder" / "tool").exists()


def test_a_folder_goes_as_a_name_into_a_folder_or_without_itself(
    cli: Cli, target: str, here: Path
) -> None:
    for dest in ("new", "", "new"):
        assert cli("cp", f"{target}:/data", f"{here}/{dest}").code == 0
    assert cli("cp", f"{target}:/data/.", f"{here}/data").code == 0
    found = {str(path.relative_to(here)) for path in here.rglob("*")}
    folders = {"new", "data", "new/data"}
    assert found == folders | {f"{name}/{file}" for name in folders for file in "ab"}
    assert (here / "data/a").stat().st_ino == (here / "data/b").stat().st_ino


def test_set_id_bits_stay_behind_unless_asked_for(cli: Cli, target: str, here: Path) -> None:
    # Whoever can't give the file to its owner doesn't give it his own rights either.
    kept = 0o4755 if os.geteuid() == 0 else 0o755
    for words, mode in ([], 0o755), (["-a"], kept):
        assert cli("cp", *words, f"{target}:/usr/bin/tool", f"{here}/tool").code == 0
        assert (here / "tool").stat().st_mode & 0o7777 == mode
        assert cli("cp", *words, f"{target}:/usr", f"{here}/{mode}").code == 0
    assert (here / str(0o755) / "bin/tool").stat().st_mode & 0o7777 == 0o755


@pytest.mark.parametrize(
    ("source", "dest", "told"),
    [
        ("/nope", "x", "'/nope': it isn't there"),
        ("/loop/x", "x", "cycle of symlinks"),
        ("/data/a/", "x", "it is no folder"),
        ("/data", "file", "can't take the place of a file"),
        ("/data", "no/where", "there is no such folder"),
        ("/data/a", "no/where", "there is no such folder"),
        ("/data/a", "new/", "there is no such folder"),
    ],
)
def test_what_does_not_go_together_is_one_line(
    cli: Cli, target: str, here: Path, source: str, dest: str, told: str
) -> None:
    (here / "file").write_bytes(b"mine")
    outcome = cli("cp", f"{target}:{source}", f"{here}/{dest}")
    assert outcome.code == 1
    assert told in outcome.err
    assert len(outcome.err.splitlines()) == 1
    assert [path.name for path in here.iterdir()] == ["file"]
    assert (here / "file").read_bytes() == b"mine"


@pytest.mark.parametrize("words", ["image.tar", ":/x", "image.tar:"])
def test_what_is_no_target_and_path_is_a_wrong_word(cli: Cli, words: str) -> None:
    assert cli("cp", words, "x").code == 2


def test_a_dash_is_a_tar_on_stdout(target: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "layerscope", "--root", str(tmp_path / "store")]
    command += ["cp", f"{target}:/usr", "-"]
    out = subprocess.run(command, capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(out)) as archive:
        members = {member.name: member for member in archive}
        assert sorted(members) == ["usr", *(f"usr/bin{name}" for name in TOOLS)]
        assert members["usr/bin/outside"].isreg()
        assert members["usr/bin/sh"].linkname == "tool"
        assert members["usr/bin/tool"].mode == 0o4755
