"""Whatever a call is given: one line, a code, nothing that a terminal would obey."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.command import Cli
from tests.support.images import docker_members, image, write_tar
from tests.support.layers import file, symlink, tar

# Each verb that looks at an image, with TARGET where that stands.
CALLS = [
    ["history", "TARGET"],
    ["inspect", "TARGET"],
    ["layers", "TARGET"],
    ["tree", "TARGET"],
    ["cat", "TARGET", "/etc/passwd"],
    ["cp", "TARGET:/etc", "./copy"],
    ["blame", "TARGET", "/etc"],
    ["analyze", "TARGET"],
    ["check", "TARGET"],
    ["compare", "TARGET", "TARGET"],
    ["load", "TARGET"],
    ["save", "TARGET", "-o", "saved.tar"],
    ["tag", "TARGET", "other"],
    ["rmi", "TARGET"],
]
TARGETS = [
    *("", " ", "-", ":", "::", "nothing", "nothing:latest", "UPPER", "a b", "sha256:zz", "ffff"),
    *("./nothing", "/nothing/there", "empty", "text", "cut.tar", "pipe", "/dev/null", "/dev/zero"),
    *("docker-archive:", "docker-archive:folder", "docker-archive:text", "oci-archive:text"),
    *("oci:text", "oci:folder", "oci:nothing", "rootfs:nothing", "rootfs:text", "docker://"),
    *("docker://127.0.0.1:1/app", "docker:dind", "docker://UPPER/x@sha256:0"),
    *("docker-daemon:alpine", "http://host/x", "x" * 5000, "/x" * 5000, "\udcff\x1b[31m", "a\nb"),
    *("name@sha256:0", "\u202egnp.exe", "%s%n", "~", "$HOME", "store"),
]
ids = [target[:20].encode("unicode_escape").decode() for target in TARGETS]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of things that are no images, to call it in."""
    sample = Path("sample_images/five-layers.docker.tar").read_bytes()
    here = tmp_path / "here"
    (here / "folder").mkdir(parents=True)
    (here / "empty").touch()
    (here / "text").write_text("text" * 500)
    (here / "cut.tar").write_bytes(sample[:5000])
    os.mkfifo(here / "pipe")
    monkeypatch.setenv("DOCKER_HOST", f"unix://{here}/pipe")
    monkeypatch.chdir(here)
    return here


@pytest.mark.parametrize("target", TARGETS, ids=ids)
def test_what_is_no_image_is_one_line(cli: Cli, here: Path, target: str) -> None:
    before = sorted(path.name for path in here.iterdir())
    for call in CALLS:
        outcome = cli(*(word.replace("TARGET", target) for word in call))
        lines = outcome.err.splitlines()
        assert outcome.code in (1, 2), call
        assert outcome.out == "", call
        assert lines[0].startswith("layerscope: "), call
        assert len(lines) == 1 or (len(lines) == 2 and lines[1].startswith("try: ")), call
        assert "own:" not in lines[0], call
        assert all(line.isprintable() and len(line) <= 1000 for line in lines), call
    assert sorted(path.name for path in here.iterdir()) == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
@pytest.mark.parametrize("call", CALLS[:11], ids=lambda call: call[0])
def test_what_may_not_be_read_is_one_line(cli: Cli, here: Path, call: list[str]) -> None:
    (here / "text").chmod(0)
    outcome = cli(*(word.replace("TARGET", "./text") for word in call))
    assert (outcome.code, len(outcome.err.splitlines())) == (1, 1)
    assert "permission denied" in outcome.err


@pytest.fixture
def hostile(tmp_path: Path) -> str:
    """An image that would like to paint the terminal."""
    escape = "\x1b]0;title\x07\x1b[2J\r\n\u202e"
    layer = tar([file(f"a{escape}b", b"x"), symlink(f"link{escape}", f"to{escape}")])
    again = tar([file(f"a{escape}b", b"xy")])
    made = image(f"name{escape}:1", layers=(layer, again), note=escape)
    made = replace(made, runtime={"Cmd": [escape], "Labels": {escape: escape}}, created=escape)
    write_tar(tmp_path / "hostile.tar", docker_members(made))
    return str(tmp_path / "hostile.tar")


@pytest.mark.parametrize(
    "call",
    [
        *CALLS[:4],
        *CALLS[7:9],
        ["tree", "TARGET", "--changes", "1"],
        ["blame", "TARGET", "a\x1b]0;title\x07\x1b[2J\r\n\u202eb"],
        ["compare", "TARGET", "sample_images/wasteful.docker.tar"],
        ["load", "TARGET", "-t", "fine:1"],
        ["history", "TARGET", "--no-trunc"],
        ["history", "TARGET", "--format", "{{.CreatedBy}}"],
        ["history", "TARGET", "--format", "{{json .}}"],
    ],
    ids=lambda call: " ".join(call[:1] + call[2:])[:20].encode("unicode_escape").decode(),
)
@pytest.mark.parametrize("form", [[], ["--json"]], ids=["text", "json"])
def test_names_never_reach_the_terminal(
    cli: Cli, hostile: str, call: list[str], form: list[str]
) -> None:
    outcome = cli(*(word.replace("TARGET", hostile) for word in call), *form)
    assert outcome.code in (0, 1)
    assert outcome.out
    lines = outcome.out.splitlines()
    assert all(line.isprintable() for line in lines)
    assert not any("\x1b" in line for line in outcome.err.splitlines())


def test_a_name_that_is_none_is_not_taken(cli: Cli, hostile: str) -> None:
    outcome = cli("load", hostile)
    assert "\x1b" not in outcome.out + outcome.err
    assert all("\x1b" not in name for row in cli.ok("images") for name in row["names"])
