"""What a real daemon printed of its images, told again by the store (tests/golden/system)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import Cli

SYSTEM = Path("tests/golden/system")
STEPS = json.loads((SYSTEM / "system.json").read_text())["steps"]


def act(cli: Cli, action: str) -> None:
    """Do what a step of the recording did to images."""
    words = action.split(" (")[0].split()
    if words[0] == "load":
        outcome = cli("load", f"docker-archive:{SYSTEM / words[1]}.docker.tar")
    else:
        outcome = cli(*words)
    assert outcome.code == 0, outcome.err


def rows(lines: list[str]) -> list[list[str]]:
    """Table lines without what depends on the clock, in an order of their own."""
    return sorted(line.replace("25 years ago", "AGO").split() for line in lines)


def images_section(lines: list[str]) -> list[list[str]]:
    start = lines.index("Images space usage:") + 2
    return rows(lines[start : lines.index("", start)])


@pytest.fixture
def steps() -> list[dict[str, Any]]:
    """The steps that need no container."""
    needs = next(n for n, step in enumerate(STEPS) if "container" in step["label"])
    return [step for step in STEPS[:needs] if step["label"]]


def test_images_history_and_df_as_the_daemon_told_them(
    cli: Cli, steps: list[dict[str, Any]]
) -> None:
    for step in steps:
        for action in step["action"]:
            act(cli, action)
        check_images(cli, step)
        check_df(cli, step)
        check_history(cli, step)


def check_images(cli: Cli, step: dict[str, Any]) -> None:
    told = cli("images", "--format", "{{.Repository}}:{{.Tag}}\\t{{.Size}}").out.splitlines()
    assert sorted(told) == sorted(step["cli_images"])
    figures = {
        tag: (image["Size"], image["SharedSize"])
        for image in step["system_df"]["Images"]
        for tag in image["tags"]
    }
    found = {
        name: (image["size"], image["shared_size"])
        for image in cli.ok("images")
        for name in image["names"]
    }
    assert found == figures


def check_df(cli: Cli, step: dict[str, Any]) -> None:
    assert cli("df").out.splitlines() == step["cli_system_df"]
    assert cli.ok("df")["images"]["size"] == step["system_df"]["LayersSize"]
    assert images_section(cli("df", "-v").out.splitlines()) == images_section(step["cli_df_v"])


def check_history(cli: Cli, step: dict[str, Any]) -> None:
    for name, expected in step["history"].items():
        told = [
            (row["created_by"], row["size"], row["id"] == "<missing>")
            for row in cli.ok("history", name)
        ]
        assert told == [(e["CreatedBy"], e["Size"], e["missing"]) for e in expected]
