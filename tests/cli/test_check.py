"""The gate for CI: dive's rules, its file, and what is wrong with either."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from layerscope.usecases.check import parse_size
from tests.support.command import Cli

WASTEFUL = "sample_images/wasteful.docker.tar"  # efficiency 0.877, 228,879 wasted, 0.389 of user


def told(cli: Cli, *words: str) -> dict[str, str]:
    """PASS, FAIL or SKIP by rule."""
    lines = cli("check", WASTEFUL, *words).out.splitlines()
    return {line.split()[1].rstrip(":"): line.split()[0] for line in lines}


def test_the_rules_are_dives_unless_told_otherwise(cli: Cli) -> None:
    assert told(cli) == {
        "lowestEfficiency": "FAIL",
        "highestWastedBytes": "SKIP",
        "highestUserWastedPercent": "FAIL",
    }


@pytest.mark.parametrize(
    ("rules", "code"),
    [
        ("rules:\n  lowestEfficiency: 0.8\n  highestUserWastedPercent: 0.4\n", 0),
        ("rules:\n  lowestEfficiency: 0.95\n  highestUserWastedPercent: 0.4\n", 1),
        ("rules:\n  lowestEfficiency: disabled\n  highestUserWastedPercent: off\n", 0),
        ("lowestEfficiency: '0.8'\nhighestUserWastedPercent: false\n", 0),
        ("lowest-efficiency-threshold: 0.8\nhighest-user-wasted-percent: .4\n", 0),
        ("RULES:\n  LowestEfficiency: 0.8\n  HIGHESTUSERWASTEDPERCENT: 0.4\n", 0),
        ("rules:\n  lowestEfficiency: 0\n  highestUserWastedPercent: 1\n", 0),
    ],
)
def test_a_file_of_rules(cli: Cli, tmp_path: Path, rules: str, code: int) -> None:
    (tmp_path / "rules").write_text(rules)
    assert cli("check", WASTEFUL, "--config", str(tmp_path / "rules")).code == code


def test_a_dive_ci_file_here_is_found(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".dive-ci").write_text("rules:\n  lowestEfficiency: 0.5\n")
    target = str(Path(WASTEFUL).resolve())
    monkeypatch.chdir(tmp_path)
    assert cli("check", target).out.startswith("PASS  lowestEfficiency")
    assert cli("check", target, "--lowestEfficiency", "0.95").out.startswith("FAIL")


@pytest.mark.parametrize("empty", ["", "rules:\n", "{}"])
def test_a_file_without_rules_leaves_the_usual_ones(cli: Cli, tmp_path: Path, empty: str) -> None:
    (tmp_path / "rules").write_text(empty)
    assert told(cli, "--config", str(tmp_path / "rules")) == told(cli)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("42", 42),
        ("20MB", 20_000_000),
        ("20 mb", 20_000_000),
        ("1.5GiB", 1_610_612_736),
        ("3k", 3000),
        ("2ki", 2048),
        (".5kB", 500),
        ("1eb", 10**18),
        ("7b", 7),
    ],
)
def test_sizes_are_written_as_for_dive(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", [" ", "MB", "-1", "1.2.3", "5 bananas", "iB", "1i", "٣"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(text)):
        parse_size(text)


@pytest.mark.parametrize(
    "words",
    [
        ["--lowestEfficiency", "much"],
        ["--lowestEfficiency", "1.1"],
        ["--lowestEfficiency", "nan"],
        ["--highestWastedBytes", "lots"],
        ["--highestWastedBytes", "9" * 400],
        ["--highestUserWastedPercent", "-1"],
    ],
)
def test_a_wrong_value_is_told_before_the_image_is_read(cli: Cli, words: list[str]) -> None:
    outcome = cli("check", "./not-even-there.tar", *words)
    assert outcome.code == 2
    assert outcome.err.startswith(f"layerscope: rule {words[0][2:]}: ")


@pytest.mark.parametrize(
    "text",
    [
        *("a: [", "[1]", "5", "rules: 5", "rules: [1]", "rules:\n  nope: 1", "\0", "\x80"),
        *("rules:\n  lowestEfficiency: {a: b}", "- " * 3000, "&a [*a]", "rules: {1: 2}"),
        *("rules: " + "[" * 5000, "x" * 2_000_000, "rules:\n  lowestEfficiency: 7"),
    ],
)
def test_what_is_no_file_of_rules(cli: Cli, tmp_path: Path, text: str) -> None:
    (tmp_path / "rules").write_bytes(text.encode("latin-1"))
    outcome = cli("check", WASTEFUL, "--config", str(tmp_path / "rules"))
    assert outcome.code == 2
    assert outcome.out == ""
    assert len(outcome.err.splitlines()) == 1


@pytest.mark.parametrize("name", ["nothing-here", "."])
def test_a_file_that_cannot_be_read(cli: Cli, tmp_path: Path, name: str) -> None:
    outcome = cli("check", WASTEFUL, "--config", str(tmp_path / name))
    assert outcome.code == 1
    assert len(outcome.err.splitlines()) == 1
