"""An image without layers, as `FROM scratch` with nothing but metadata makes it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.command import Cli
from tests.support.images import image, oci_members, write_tar

FIVE = "sample_images/five-layers.docker.tar"


@pytest.fixture
def target(tmp_path: Path) -> str:
    """An archive of such an image."""
    write_tar(tmp_path / "none.tar", oci_members(image("none:1", layers=())))
    return str(tmp_path / "none.tar")


def test_it_has_history_and_no_files(cli: Cli, target: str) -> None:
    assert cli.ok("layers", target) == cli.ok("tree", target) == []
    assert [row["empty_layer"] for row in cli.ok("history", target)] == [True]
    found = cli.ok("analyze", target)
    assert (found["size"], found["efficiency"], found["waste"]) == (0, 1.0, [])
    assert cli("check", target).code == 0


@pytest.mark.parametrize(
    "words",
    [["cat", "TARGET", "/x"], ["tree", "TARGET", "/x"], ["tree", "TARGET", "--layer", "0"]],
    ids=" ".join,
)
def test_what_it_lacks_is_one_line(cli: Cli, target: str, words: list[str]) -> None:
    outcome = cli(*(word.replace("TARGET", target) for word in words))
    assert (outcome.code, len(outcome.err.splitlines())) == (1, 1)
    assert "-1" not in outcome.err.replace(target, "")


def test_it_can_be_compared(cli: Cli, target: str) -> None:
    paths = {row["path"] for row in cli.ok("tree", FIVE)}
    assert cli.ok("compare", target, target)["files"] == []
    for words, change in ([target, FIVE], "A"), ([FIVE, target], "D"):
        files = cli.ok("compare", *words)["files"]
        assert {file["path"] for file in files} == paths
        assert {file["change"] for file in files} == {change}


def test_it_is_loaded_and_saved(cli: Cli, target: str, tmp_path: Path) -> None:
    loaded = cli.ok("load", target)
    assert loaded["layers"] == 0
    assert cli("save", "none:1", "-o", str(tmp_path / "out.tar")).code == 0
    assert cli.ok("inspect", str(tmp_path / "out.tar"))[0]["id"] == loaded["id"]
