"""Everything known of images, wherever they are."""

from __future__ import annotations

import json

import pytest

from tests.support.command import Cli

FIVE = "sample_images/five-layers.docker.tar"
OCI = "sample_images/five-layers.oci.tar"


def test_an_image_of_the_store_and_its_archive_agree(cli: Cli) -> None:
    cli.ok("load", OCI, "-t", "five:1")
    (stored,), (lying,) = cli.ok("inspect", "five:1"), cli.ok("inspect", OCI)
    assert stored["names"] == ["five:1"]
    assert stored["loaded_at"]
    differing = {"names", "loaded_at"}
    assert {k: v for k, v in stored.items() if k not in differing} == {
        k: v for k, v in lying.items() if k not in differing
    }
    assert sum(layer["size"] for layer in stored["layers"]) == stored["size"]
    assert stored["config"]["Cmd"]


def test_an_archive_without_a_manifest_has_none(cli: Cli) -> None:
    assert cli.ok("inspect", FIVE)[0]["manifest"] is None


def test_what_is_found_is_told_before_what_is_not(cli: Cli) -> None:
    outcome = cli("inspect", "nothing-here", FIVE)
    assert outcome.code == 1
    assert [one["kind"] for one in json.loads(outcome.out)] == ["image"]
    assert "nothing-here" in outcome.err


@pytest.mark.parametrize("name", ["nothing-here", "./nothing", "docker-archive:nothing", "a:b:c"])
def test_nothing_found_is_a_line(cli: Cli, name: str) -> None:
    outcome = cli("inspect", name)
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith("layerscope: ")


def test_what_looks_like_a_file_is_missed_as_one(cli: Cli) -> None:
    outcome = cli("inspect", "nothing-here.tar")
    assert outcome.err == "layerscope: nothing-here.tar: no such file or directory\n"
