"""Where other engines make something else of an image, told by ``analyze`` and ``fsck``."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.command import Cli
from tests.support.images import docker_members, image, write_tar
from tests.support.layers import file, folder, tar

BASE = tar([folder("a"), file("a/f1"), folder("b"), file("b/f")])
REFILL = tar(
    [file(".wh.a"), folder("a"), file("a/\x1b"), file(".wh.b"), folder("b"), file("b/n", mtime=-5)]
)
TOLD = "a whiteout and the directory again; Docker, containerd and Podman bring its old files back"
EARLY = "a time before 1970; Docker, containerd and Podman make it 1970"


@pytest.fixture
def target(tmp_path: Path) -> str:
    members = docker_members(image("odd:1", layers=[BASE, REFILL]))
    return str(write_tar(tmp_path / "odd.tar", members))


def test_analyze_names_each(cli: Cli, target: str) -> None:
    assert cli.ok("analyze", target)["notes"] == [
        {"layer": 1, "path": "/a", "kind": "refill", "what": TOLD},
        {"layer": 1, "path": "/b", "kind": "refill", "what": TOLD},
        {"layer": 1, "path": "/b/n", "kind": "early-time", "what": EARLY},
    ]
    lines = cli("analyze", target).out.splitlines()
    assert lines[lines.index("NOTES") + 1 :] == [
        f"layer 1: /a and 1 more: {TOLD}",
        f"layer 1: /b/n: {EARLY}",
    ]


def test_an_image_as_any_other_has_none(cli: Cli) -> None:
    assert cli.ok("analyze", "sample_images/mixed-codecs.oci.tar")["notes"] == []
    assert "NOTES" not in cli("analyze", "sample_images/mixed-codecs.oci.tar").out


def test_fsck_names_them_and_finds_no_fault(cli: Cli, target: str) -> None:
    cli.ok("load", target)
    found = cli.ok("fsck")
    assert (found["clean"], found["faults"]) == (True, [])
    assert found["notes"][0] == {
        "image": "odd:1",
        "layer": 1,
        "path": "/a",
        "kind": "refill",
        "what": TOLD,
    }
    outcome = cli("fsck")
    assert outcome.code == 0
    assert f"note: image odd:1, layer 1: /a and 1 more: {TOLD}" in outcome.out.splitlines()


def test_fsck_says_what_it_took_away(cli: Cli, target: str) -> None:
    cli.ok("load", target)
    for blob in (cli.root / "blobs/sha256").iterdir():
        if blob.stat().st_size == len(BASE):
            blob.unlink()
    assert "is missing (repaired)" not in (told := cli("fsck", "--repair").out)
    assert "is missing (image removed)" in told
    assert cli.ok("images") == []
    outcome = cli("fsck", "--json")
    assert outcome.code == 0
    assert outcome.document == {"clean": True, "faults": [], "notes": []}
