"""``layerscope build`` as people and programs call it."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

from tests.support.build_cases import make_base
from tests.support.command import run
from tests.support.processes import need_processes

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


def _piped(tmp_path: Path, data: bytes, *words: str) -> tuple[int, str, str]:
    ran = subprocess.run(
        [sys.executable, "-m", "layerscope", "--root", str(tmp_path / "store"), "build", *words],
        input=data,
        capture_output=True,
        check=False,
    )
    return ran.returncode, ran.stdout.decode(), ran.stderr.decode()


def _tar(how: str, **files: str) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode=how) as tar:  # type: ignore[call-overload]
        for name, text in files.items():
            info = tarfile.TarInfo(f"./{name}")
            info.size, info.uid = len(text), 7
            tar.addfile(info, io.BytesIO(text.encode()))
    return made.getvalue()


def test_a_dockerfile_on_standard_input(tmp_path: Path, context: Path) -> None:
    text = b"FROM scratch\nCOPY a.txt /given\n"
    assert _piped(tmp_path, text, str(context), "-f", "-", "-q", "-t", "a")[0] == 0
    assert _json(tmp_path, "tree", "a")[0]["path"] == "/given"
    assert _piped(tmp_path, b"FROM scratch\nENV A=1\n", "-", "-q", "-t", "b")[0] == 0
    code, _, err = _piped(tmp_path, text, "-")
    assert code == 1
    assert "layerscope: standard input:2: COPY a.txt /given: " in err
    code, _, err = _piped(tmp_path, text, "-", "-f", "other")
    assert (code, err) == (
        1,
        "layerscope: standard input: it is no tar, which could have a 'other'\n",
    )
    code, _, err = _piped(tmp_path, text, "-", "-f", "-")
    assert code == 2
    assert "can't be the Dockerfile and the context" in err


@pytest.mark.parametrize("how", ["w", "w:gz", "w:xz"])
def test_a_tar_on_standard_input(tmp_path: Path, how: str) -> None:
    data = _tar(
        how, Dockerfile="FROM scratch\nCOPY . /all\n", other="FROM scratch\nADD x /\n", x="1"
    )
    assert _piped(tmp_path, data, "-", "-q", "-t", "a")[0] == 0
    found = {row["path"]: row["uid"] for row in _json(tmp_path, "tree", "a")}
    assert found == {"/all": 0, "/all/Dockerfile": 0, "/all/other": 0, "/all/x": 0}
    assert _piped(tmp_path, data, "-", "-f", "other", "-q", "-t", "b")[0] == 0
    assert _json(tmp_path, "tree", "b")[0]["path"] == "/x"
    code, _, err = _piped(tmp_path, data, "-", "-f", "none")
    assert (code, err) == (1, "layerscope: none: there is no such Dockerfile in the tar\n")
    code, _, err = _piped(tmp_path, data[: min(530, len(data) // 2)], "-")
    assert (code, err.startswith("layerscope: standard input: ")) == (1, True)


def test_quiet_tells_what_a_failed_command_printed(tmp_path: Path, context: Path) -> None:
    need_processes()
    base = make_base(tmp_path / "base.tar")
    failing = "RUN echo hidden\nRUN echo why; exit 3\n"
    (context / "Dockerfile").write_text(f"FROM rootfs:{base}\n{failing}")
    ran = run("build", "-q", str(context), root=tmp_path / "store")
    headline, printed, *_ = ran.stderr.splitlines()
    assert (ran.returncode, "hidden" in ran.stderr) == (1, False)
    assert headline == "#3 [stage-0 3/3] RUN echo why; exit 3"
    assert printed.endswith(" why")
    (context / "Dockerfile").write_text(FILE + "COPY missing /\n")
    ran = run("build", "-q", str(context), root=tmp_path / "store")
    assert ran.stderr.startswith("layerscope: ")


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
