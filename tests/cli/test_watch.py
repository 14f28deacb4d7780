"""``watch`` as other programs read it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import Cli

FIVE = "sample_images/five-layers.docker.tar"
KEYS = ["time", "container", "id", "size_rw", "size_root_fs", "rate", "changes"]


@pytest.fixture
def made(cli: Cli) -> Cli:
    """Two containers of one image."""
    cli.ok("load", FIVE, "-t", "five:1")
    cli.ok("create", "--name", "one", "five:1")
    cli.ok("create", "--name", "two", "five:1")
    return cli


def apply(cli: Cli, tmp_path: Path, *ops: dict[str, Any]) -> None:
    (tmp_path / "ops.json").write_text(json.dumps(list(ops)))
    cli.ok("apply", "one", str(tmp_path / "ops.json"))


def test_once_is_a_line_for_each(made: Cli) -> None:
    lines = [json.loads(line) for line in made("watch", "--once").out.splitlines()]
    assert sorted(line["container"] for line in lines) == ["one", "two"]
    for line in lines:
        assert list(line)[: len(KEYS)] == KEYS
        assert (line["size_rw"], line["rate"], line["changes"]) == (0, 0.0, [])
        assert line["size_root_fs"] == made.ok("images")[0]["size"]
        assert line["time"].endswith("Z")


def test_nobody_of_that_name(made: Cli) -> None:
    nobody, odd = made("watch", "nobody"), made("watch", "--interval", "x")
    assert (nobody.code, odd.code) == (1, 2)
    assert "there is none" in nobody.err
    assert "seconds" in odd.err


@pytest.fixture
def watching(made: Cli) -> Iterator[subprocess.Popen[str]]:
    words = [sys.executable, "-m", "layerscope", "--root", str(made.root), "watch", "one"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as it:
        yield it
        it.kill()


def test_a_write_is_a_line(watching: subprocess.Popen[str], made: Cli, tmp_path: Path) -> None:
    assert watching.stdout is not None
    first = json.loads(watching.stdout.readline())
    assert (first["container"], first["size_rw"]) == ("one", 0)
    apply(made, tmp_path, {"op": "write", "path": "/new.txt", "size": 5, "byte": "x"})
    changes: dict[str, Any] = {}
    size = 0
    while size != 5:
        line = json.loads(watching.stdout.readline())
        size = line["size_rw"]
        changes.update({change["path"]: change for change in line["changes"]})
    assert changes["/new.txt"] == {
        "kind": "A",
        "path": "/new.txt",
        "size": 5,
        "delta": 5,
        "copied_up": False,
    }
    watching.send_signal(signal.SIGINT)
    _, error = watching.communicate(timeout=20)
    assert (watching.returncode, error.count("Traceback")) == (130, 0)


def test_it_ends_with_what_it_watches(watching: subprocess.Popen[str], made: Cli) -> None:
    assert watching.stdout is not None
    watching.stdout.readline()
    made.ok("rm", "one")
    assert watching.wait(20) == 0


def test_a_closed_pipe_ends_it(watching: subprocess.Popen[str], made: Cli, tmp_path: Path) -> None:
    assert watching.stdout is not None
    assert watching.stderr is not None
    watching.stdout.readline()
    watching.stdout.close()
    apply(made, tmp_path, {"op": "write", "path": "/a", "size": 1, "byte": "x"})
    assert watching.wait(20) in (0, -signal.SIGPIPE, 128 + signal.SIGPIPE)
    assert watching.stderr.read() == ""
