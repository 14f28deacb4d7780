"""The writable layer made an image: its layer, what the image runs, its history."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sample_images.archives import Image, Layer, write_docker_archive
from tests.support.command import Cli
from tests.support.layers import folder, tar

FIVE = "sample_images/five-layers.docker.tar"


@pytest.fixture
def cli(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Cli:
    """The command line on a store with one image."""
    cli = Cli(tmp_path / "store", capsys)
    cli.ok("load", FIVE, "-t", "five:1")
    return cli


def test_commit_makes_a_layer_of_what_changed(cli: Cli) -> None:
    cli.ok("create", "--name", "c", "five:1")
    cli.apply(
        "c",
        {"op": "write", "path": "/new", "data": "hello"},
        {"op": "unlink", "path": "/etc/motd"},
    )
    image = cli.ok("commit", "c", "made:1")
    cli.ok("commit", "c", "again:1")
    rows = cli.ok("layers", "made:1")
    assert len(rows) == 6
    assert rows[-1]["diff_id"] == cli.ok("layers", "again:1")[-1]["diff_id"]
    assert {row["path"]: row["change"] for row in cli.ok("tree", "made:1", "--changes", "5")} == {
        "/etc/motd": "D",
        "/new": "A",
    }
    history = cli.ok("history", "made:1")
    assert (history[0]["id"], history[0]["size"]) == (image["id"], 5)
    assert history[1]["id"] == cli.ok("inspect", "five:1")[0]["id"]


def test_what_is_committed_runs_as_the_container_did(cli: Cli, tmp_path: Path) -> None:
    layer = Layer.plain(tar([folder("bin")]))
    told: dict[str, Any] = {
        "Env": ["I=1", "A=0"],
        "Cmd": ["its", "own"],
        "Entrypoint": ["/run", "-x"],
    }
    told |= {"Labels": {"l": "1"}, "Volumes": {"/iv": {}}, "ExposedPorts": {"80/tcp": {}}}
    told |= {"OnBuild": ["RUN true"], "Shell": ["/bin/sh"], "StopSignal": "SIGUSR1"}
    with (tmp_path / "image.tar").open("wb") as out:
        step = {"created_by": "all"}
        write_docker_archive(
            out, [Image(("i:1",), (layer,), (step,), "2024-01-02T03:04:05Z", told)]
        )
    cli.ok("load", str(tmp_path / "image.tar"))

    def committed(*words: str) -> dict[str, Any]:
        assert cli("create", "--name", "w", *words).code == 0
        identity = cli.ok("commit", "w")["id"]
        cli.ok("rm", "-v", "w")
        path = cli.root / "blobs" / "sha256" / identity.removeprefix("sha256:")
        found: dict[str, Any] = json.loads(path.read_bytes())["config"]
        return found

    kept = {key: told[key] for key in ("Entrypoint", "Labels", "ExposedPorts", "StopSignal")}
    words = ["-e", "A=1", "-w", "/wd", "-u", "web", "-v", "/anon", "-v", "named:/named"]
    assert committed(*words, "i:1", "sleep", "9") == kept | {
        "Env": ["I=1", "A=1"],
        "Cmd": ["sleep", "9"],
        "User": "web",
        "WorkingDir": "/wd",
        "Volumes": {"/anon": {}, "/iv": {}},
    }
    assert committed("i:1")["Cmd"] == ["its", "own"]
    other = committed("--entrypoint", "/other", "i:1", "-y")
    assert (other["Entrypoint"], other["Cmd"]) == (["/other"], ["-y"])


def test_a_commit_s_config_can_be_changed(cli: Cli) -> None:
    assert cli("create", "--name", "c", "-e", "A=1", "five:1", "sleep", "9").code == 0
    changes = ['ENV B="$A and 2"', 'ENTRYPOINT ["/run"]', "LABEL x=y", "WORKDIR /w", "EXPOSE 99"]
    words = [part for change in changes for part in ("-c", change)]
    identity = cli.ok("commit", "-a", "Somebody", "-m", "why", *words, "c")["id"]
    path = cli.root / "blobs" / "sha256" / identity.removeprefix("sha256:")
    document = json.loads(path.read_bytes())
    config = document["config"]
    assert config["Env"][-2:] == ["A=1", "B=1 and 2"]
    assert (config["Entrypoint"], config.get("Cmd"), config["WorkingDir"]) == (["/run"], None, "/w")
    assert (config["Labels"]["x"], "99/tcp" in config["ExposedPorts"]) == ("y", True)
    assert document["author"] == document["history"][-1]["author"] == "Somebody"
    for change, code in (("RUN true", 2), ("EXPOSE x", 2), ("NONSENSE", 1), ("", 1)):
        outcome = cli("commit", "-c", change, "c")
        assert (outcome.code, outcome.err.startswith("layerscope: --change")) == (code, True)


def test_history_says_of_no_other_layer_that_it_was_committed(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "f").write_text("12345")
    cli.ok("load", f"rootfs:{tmp_path / 'root'}", "-t", "bare:1")
    assert cli("create", "--name", "c", "bare:1", "a", "command").code == 0
    cli.apply("c", {"op": "write", "path": "/g", "data": "hello, too"})
    cli.ok("commit", "-m", "a comment", "c", "made:1")
    told = [(row["created_by"], row["comment"], row["size"]) for row in cli.ok("history", "made:1")]
    assert told == [("a command", "a comment", 10), ("", "", 5)]
    assert [row["created_by"] for row in cli.ok("layers", "made:1")] == ["", "a command"]


def test_a_name_that_means_deletion_cannot_be_committed(cli: Cli) -> None:
    cli.ok("create", "--name", "c", "five:1")
    cli.apply("c", {"op": "write", "path": "/.wh.x", "data": ""})
    outcome = cli("commit", "c", "bad:1")
    assert outcome.code == 1
    assert ".wh." in outcome.err
    assert len(cli.ok("images")) == 1
