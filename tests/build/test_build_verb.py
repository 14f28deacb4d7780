"""``layerscope build`` as people and programs call it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import run

FILE = "FROM scratch\nARG V\nCOPY a.txt /a\nLABEL v=$V\n"


@pytest.fixture
def context(tmp_path: Path) -> Path:
    folder = tmp_path / "context"
    folder.mkdir()
    (folder / "Dockerfile").write_text(FILE)
    (folder / "a.txt").write_text("hello")
    return folder


def _json(tmp_path: Path, *words: str) -> Any:
    ran = run(*words, "--json", root=tmp_path / "store")
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def test_the_document(tmp_path: Path, context: Path) -> None:
    made = _json(tmp_path, "build", str(context), "-t", "app", "--build-arg", "V=1")
    assert made["names"] == ["app:latest"]
    assert [step["instruction"] for step in made["steps"]] == FILE.splitlines()
    assert [step["size"] for step in made["steps"]] == [0, 0, 5, 0]
    assert [bool(step["diff_id"]) for step in made["steps"]] == [False, False, True, False]
    assert [step["cached"] for step in made["steps"]] == [True, False, False, False]
    again = _json(tmp_path, "build", str(context), "--build-arg", "V=2")
    assert [step["cached"] for step in again["steps"]] == [True, True, True, False]
    assert again["steps"][3]["reason"] == "ARG V changed"
    rows = _json(tmp_path, "history", "app")
    assert [row["created_by"].split("  ")[-1] for row in rows][::2] == ["LABEL v=1", "ARG V"]
    (config,) = _json(tmp_path, "inspect", "app")
    assert config["id"] == made["id"]
    cache = _json(tmp_path, "df")["build_cache"]
    assert (cache["total"], cache["active"], cache["size"]) == (4, 3, 0)


def test_lines_on_stderr_the_id_on_stdout(tmp_path: Path, context: Path) -> None:
    ran = run("build", str(context), "-t", "app:1", "--label", "x=y", root=tmp_path / "store")
    assert ran.returncode == 0
    assert ran.stdout.startswith("sha256:")
    assert ran.stdout.endswith(" app:1\n")
    lines = ran.stderr.splitlines()
    assert lines[0] == "#1 [stage-0 1/5] FROM scratch"
    assert "#3 [stage-0 3/5] COPY a.txt /a" in lines
    assert "#5 [stage-0 5/5] LABEL x=y" in lines
    again = run("build", str(context), "--label", "x=y", root=tmp_path / "store")
    assert again.stderr.count("CACHED") == 4


def test_a_failure_is_one_line_and_a_hint(tmp_path: Path, context: Path) -> None:
    (context / "Dockerfile").write_text(FILE + "COPY missing /\n")
    ran = run("build", str(context), root=tmp_path / "store")
    assert ran.returncode == 1
    assert ran.stdout == ""
    *_, told, hint = ran.stderr.splitlines()
    assert told.startswith("layerscope: Dockerfile:5: COPY missing /: ")
    assert hint.startswith("try: layerscope run --rm -it ")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["build"], 2),
        (["build", ".", "--build-arg", "=x"], 2),
        (["build", ".", "-t", "No Name"], 2),
        (["build", ".", "--target", "none"], 2),
        (["build", "/nowhere"], 1),
        (["build", ".", "-f", "/nowhere"], 1),
        (["build", ".", "--platform", "x"], 2),
    ],
)
def test_wrong_words(tmp_path: Path, context: Path, words: list[str], code: int) -> None:
    given = [str(context) if word == "." else word for word in words]
    ran = run(*given, root=tmp_path / "store")
    assert ran.returncode == code
    assert ran.stderr.startswith("layerscope: ")
    assert "Traceback" not in ran.stderr


def test_the_epoch(tmp_path: Path, context: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1000000000")
    ids = set()
    for name in ("one", "two"):
        os.utime(context / "a.txt")
        ids.add(_json(tmp_path / name, "build", str(context))["id"])
    assert len(ids) == 1
    rows = _json(tmp_path / "one", "history", ids.pop())
    assert {row["created"] for row in rows} == {"2001-09-09T01:46:40Z"}
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "soon")
    assert run("build", str(context), root=tmp_path / "one" / "store").returncode == 2
