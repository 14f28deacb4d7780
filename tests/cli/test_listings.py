"""Lists of images and steps: by name, by template, with their times, and of what is not stored."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from layerscope.cli.times import local_rfc3339, local_time, told_time
from tests.support.command import Cli
from tests.support.images import docker_members, image, write_tar

WASTEFUL = "sample_images/wasteful.docker.tar"


@pytest.fixture
def loaded(cli: Cli) -> Cli:
    """A store with an image of three names."""
    for name in ("web:1", "web:2", "shop/web:1"):
        cli.ok("load", WASTEFUL, "-t", name)
    return cli


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ([], ["shop/web:1", "web:1", "web:2"]),
        (["web"], ["web:1", "web:2"]),
        (["web:2"], ["web:2"]),
        (["eb"], []),
    ],
)
def test_images_of_a_name(loaded: Cli, wanted: list[str], found: list[str]) -> None:
    told = loaded("images", *wanted, "--format", "{{.Repository}}:{{.Tag}}")
    assert sorted(told.out.split()) == found
    assert len(loaded.ok("images", *wanted)) == bool(found)


def test_an_image_of_several_names_has_a_line_for_each(loaded: Cli) -> None:
    (identity,) = {row["id"] for row in loaded.ok("images")}
    assert loaded("images", "-q", "--no-trunc").out.split() == [identity] * 3


def test_digests_are_a_column(loaded: Cli) -> None:
    assert loaded("images", "--digests").out.split()[2] == "DIGEST"


@pytest.mark.parametrize("template", ["table", ""])
def test_a_bare_table_is_the_usual_one(loaded: Cli, template: str) -> None:
    assert loaded("images", "--format", template).out == loaded("images").out


def test_an_empty_list_is_a_line_of_headings(cli: Cli) -> None:
    assert cli("images").out == "REPOSITORY   TAG       IMAGE ID   CREATED   SIZE\n"
    assert cli("images", "-q").out == ""
    assert cli.ok("images") == []


def test_history_of_an_archive_is_that_of_the_image_once_loaded(cli: Cli) -> None:
    before = cli.ok("history", WASTEFUL)
    cli.ok("load", WASTEFUL, "-t", "web:1")
    assert cli.ok("history", "web:1") == cli.ok("history", WASTEFUL) == before
    assert [row["id"] == "<missing>" for row in before] == [False] + [True] * (len(before) - 1)
    assert list(before[0]) == [
        *("id", "created", "created_by", "size", "comment", "empty_layer", "diff_id")
    ]
    assert [row["diff_id"] is None for row in before] == [row["empty_layer"] for row in before]


def test_a_root_file_system_is_the_image_that_it_is_once_loaded(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/file").write_text("four")
    target = f"rootfs:{tmp_path}/folder"
    (step,), (lying,) = cli.ok("history", target), cli.ok("inspect", target)
    assert "(1 layer; 3 blobs, " in cli("load", target, "-t", "folder:1").out
    assert step["size"] == 4
    assert cli.ok("history", "folder:1") == [step] == cli.ok("history", target)
    assert cli.ok("inspect", "folder:1")[0]["id"] == lying["id"]


def test_history_as_a_dockerfile(cli: Cli) -> None:
    lines = cli("history", WASTEFUL, "--dockerfile").out.splitlines()
    assert lines[0] == "# Reconstructed from the history of example/wasteful:latest."
    assert lines[-6:-3] == [
        "COPY . /srv/app",
        "RUN chmod -R a+rX /srv/app",
        "RUN cp -r /srv/app /tmp/build && make -C /tmp/build",
    ]
    assert lines[-1] == 'ENTRYPOINT ["/srv/app/bin/server"]'


@pytest.mark.parametrize("other", [["--json"], ["-q"], ["--format", "{{.ID}}"]])
def test_a_dockerfile_is_plain_text(cli: Cli, other: list[str]) -> None:
    told = cli("history", WASTEFUL, "--dockerfile", *other)
    assert told.code == 2
    assert told.err.startswith(f"layerscope: --dockerfile {other[0]}: ")


def test_commands_are_cut_as_docker_does_it(cli: Cli, tmp_path: Path) -> None:
    made = image("a:1", note="\tx" * 40 + "\x1b[31m")
    write_tar(tmp_path / "a.tar", docker_members(made))
    (line,) = cli("history", str(tmp_path / "a.tar"), "--format", "{{.CreatedBy}}").out.split("\n")[
        1:2
    ]
    assert len(line) == 45
    assert line.startswith("RUN 1 x x")
    assert line.endswith("…")
    whole = cli("history", str(tmp_path / "a.tar"), "--no-trunc", "--format", "{{.CreatedBy}}").out
    assert "\x1b" not in whole
    assert "\\x1b[31m" in whole


@pytest.mark.parametrize(
    ("text", "told", "local", "with_zone"),
    [
        (
            "2024-01-02T03:04:05.123456789Z",
            "2024-01-02T03:04:05.123456789Z",
            "2024-01-02 03:04:05 +0000 UTC",
            "2024-01-02T03:04:05Z",
        ),
        (
            "2024-01-02T03:04:05+02:00",
            "2024-01-02T03:04:05+02:00",
            "2024-01-02 01:04:05 +0000 UTC",
            "2024-01-02T01:04:05Z",
        ),
        (
            "2024-01-02",
            "2024-01-02T00:00:00Z",
            "2024-01-02 00:00:00 +0000 UTC",
            "2024-01-02T00:00:00Z",
        ),
        ("yesterday", None, "N/A", "N/A"),
        ("", None, "N/A", "N/A"),
    ],
)
def test_times(
    text: str, told: str | None, local: str, with_zone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    assert told_time(text) == told
    assert local_time(text) == local
    assert local_rfc3339(text) == with_zone
