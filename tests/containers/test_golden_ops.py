"""What a real daemon reported of scripts of writes, through the command line."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import Cli

OPS, SHELL = Path("tests/golden/ops"), Path("tests/golden/shell")
CASES = sorted((OPS / "cases").glob("*.json"))
SCRIPTS = json.loads((SHELL / "cases.json").read_text())["cases"]
# What needs a root's rights is in tests/cow, with the reason.
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="owners and devices need root")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store for all cases."""
    return tmp_path_factory.mktemp("golden") / "store"


@pytest.fixture
def cli(root: Path, capsys: pytest.CaptureFixture[str]) -> Cli:
    """The command line on it, with the recordings' images and no container."""
    cli = Cli(root, capsys)
    if not cli.ok("images"):
        for base in ("one", "three"):
            cli.ok("load", str(OPS / "bases" / f"{base}.docker.tar"), "-t", f"{base}:1")
        cli.ok("load", str(SHELL / "image.tar"), "-t", "shell:1")
    for container in cli.ok("ps", "-a"):
        cli.ok("rm", container["id"])
    return cli


def apply(cli: Cli, ops: list[Any], folder: Path, *options: str) -> list[str]:
    (folder / "ops.json").write_text(json.dumps(ops))
    done = cli.ok("apply", *options, "c", str(folder / "ops.json"))
    return [result["result"] for result in done["results"]]


def check(cli: Cli, expected: dict[str, Any]) -> None:
    (row,) = cli.ok("ps", "-a")
    assert (row["size_rw"], row["size_root_fs"]) == (expected["size_rw"], expected["size_rootfs"])
    diff = [[change["kind"], change["path"]] for change in cli.ok("diff", "c")]
    assert diff == sorted(expected["diff"], key=lambda change: os.fsencode(change[1]))


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_recorded_calls(case: Path, cli: Cli, tmp_path: Path) -> None:
    read = json.loads(case.read_text())
    mounts = [word for m in read["mounts"] for word in ("-v", mount(m, tmp_path))]
    cli.ok("create", "--name", "c", *mounts, f"{read['base']}:1")
    assert apply(cli, read["ops"], tmp_path, "--calls") == read["expected"]["results"]
    check(cli, read["expected"])
    told = cli("ps", "-a", "--format", "{{.Size}}").out.strip()
    assert told == read["expected"]["ps_size"]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script["name"])
def test_recorded_scripts(script: dict[str, Any], cli: Cli, tmp_path: Path) -> None:
    cli.ok("create", "--name", "c", "shell:1")
    apply(cli, script["ops"], tmp_path)
    check(cli, script)


def mount(recorded: dict[str, str], folder: Path) -> str:
    if recorded["type"] == "volume":
        return recorded["target"]
    (folder / "host").mkdir()
    return f"{folder / 'host'}:{recorded['target']}"
