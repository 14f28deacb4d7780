"""Verbs with several names: what can be done is done, each failure is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.command import Cli

SAMPLE = Path(__file__).parents[2] / "sample_images" / "five-layers.docker.tar"


@pytest.fixture
def two(cli: Cli) -> list[str]:
    """Two containers: their IDs."""
    cli.ok("load", str(SAMPLE), "-t", "five:1")
    return [cli.ok("create", "--name", name, "five:1")["id"] for name in ("k1", "k2")]


def test_the_others_are_removed(cli: Cli, two: list[str]) -> None:
    outcome = cli("rm", "k1", "nosuch", "k2", "other")
    assert (outcome.code, outcome.out) == (1, "k1\nk2\n")
    told = [line for line in outcome.err.splitlines() if line.startswith("layerscope: ")]
    assert [line.split("'")[1] for line in told] == ["nosuch", "other"]
    assert cli.ok("ps", "-a") == []


def test_the_document_has_what_was_done(cli: Cli, two: list[str]) -> None:
    outcome = cli("rm", "nosuch", "k2", "k1", "--json")
    assert (outcome.code, outcome.document) == (1, {"removed": two[::-1]})
    assert "'nosuch'" in outcome.err


@pytest.mark.parametrize(
    ("words", "out"),
    [(["stop"], "k1\nk2\n"), (["wait"], "0\n0\n"), (["kill"], ""), (["start", "--debug"], "")],
)
def test_each_verb_goes_on(cli: Cli, two: list[str], words: list[str], out: str) -> None:
    names = ("nosuch", "k1", "k2") if out else ("nosuch", "none")
    outcome = cli(*words, *names)
    assert (outcome.code, outcome.out) == (1, out)
    assert "container 'nosuch': there is none" in outcome.err
    assert ("Traceback" in outcome.err) == ("--debug" in words)


def test_volumes(cli: Cli) -> None:
    outcome = cli("volume", "create", "a", "no/name", "b")
    assert (outcome.code, outcome.out) == (2, "a\nb\n")
    outcome = cli("volume", "inspect", "a", "c", "b")
    assert (outcome.code, [row["name"] for row in outcome.document]) == (1, ["a", "b"])
    assert cli("volume", "rm", "c", "b", "a").out == "b\na\n"
    assert cli.ok("volume", "ls") == []


def test_images(cli: Cli, two: list[str]) -> None:
    cli.ok("tag", "five:1", "more:1")
    cli.ok("tag", "five:1", "more:2")
    outcome = cli("rmi", "more:1", "nosuch", "none", "more:2")
    assert (outcome.code, outcome.out) == (1, "Untagged: more:1\nUntagged: more:2\n")
    assert "'nosuch'" in outcome.err
    assert "'none'" in outcome.err
