"""Dockerfiles built by layerscope and by a real dockerd's classic builder on the same context.

What may differ: the times, the hashes in the words of COPY and ADD, the keys of a config that speak
of a container or of the daemon (``OF_THE_DAEMON``), and the mtimes of files that the build makes.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.build_cases import BASE, CASES, Case, make_base, make_context
from tests.support.peers import Docker
from tests.support.program import Layerscope
from tests.support.saved_image import differences, read_saved

pytestmark = [pytest.mark.interop, pytest.mark.root]


@pytest.fixture(scope="module")
def box(docker: Docker, layerscope: Layerscope, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The base image, with both of them."""
    folder = tmp_path_factory.mktemp("box")
    docker("import", str(make_base(folder / "rootfs.tar")), BASE)
    docker("save", "-o", str(folder / "box.tar"), BASE)
    layerscope("load", str(folder / "box.tar"))
    return BASE


def _write(case: Case, folder: Path) -> Path:
    context = make_context(folder)
    (context / "Dockerfile").write_text(case.text)
    if case.ignore:
        (context / ".dockerignore").write_text(case.ignore)
    return context


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_same_image(
    case: Case, box: str, docker: Docker, layerscope: Layerscope, tmp_path: Path
) -> None:
    _compare(case, docker, layerscope, tmp_path)


def _compare(case: Case, docker: Docker, layerscope: Layerscope, tmp_path: Path) -> None:
    context = _write(case, tmp_path / "context")
    name = f"example/{case.name}:1"
    docker("build", "--network", "none", "-t", name, *case.words, str(context))
    layerscope("build", str(context), "-t", name, *case.words)
    for save, file in ((docker, "docker.tar"), (layerscope, "layerscope.tar")):
        save("save", "-o", str(tmp_path / file), name)
    ours, theirs = (read_saved(tmp_path / f"{who}.tar") for who in ("layerscope", "docker"))
    assert differences(ours, theirs) == []
    _check_history(name, docker, layerscope)


def test_triggers_of_the_base(
    box: str, docker: Docker, layerscope: Layerscope, tmp_path: Path
) -> None:
    text = "ONBUILD ENV A=b\nONBUILD COPY a.txt /$A/\nONBUILD RUN echo $A > /made\nENV A=a\n"
    base = Case("trigger", f"FROM {box}\n{text}")
    _compare(base, docker, layerscope, tmp_path / "base")
    child = Case("triggered", "FROM example/trigger:1\nRUN echo $A >> /made\n")
    _compare(child, docker, layerscope, tmp_path / "child")


def test_the_walk_through(box: str, docker: Docker, layerscope: Layerscope, tmp_path: Path) -> None:
    """Two images on one base: the rows of the first are the last of the second's."""
    first = Case("my-base-image", f'FROM {box}\nRUN cp /bin/busybox /bash\nCMD ["sh"]\n')
    text = "COPY . /app\nRUN chmod +x /app/hello.sh\nCMD /app/hello.sh\n"
    final = Case("my-final-image", f"FROM example/my-base-image:1\n{text}")
    for case in (first, final):
        _compare(case, docker, layerscope, tmp_path / case.name)
    below = layerscope.json("history", "example/my-base-image:1")
    rows = layerscope.json("history", "example/my-final-image:1")
    assert rows[3:] == below
    assert [row["size"] > 0 for row in rows] == [False, True, True, False, True, True]
    again = layerscope.json("build", str(tmp_path / "my-final-image" / "context"))
    assert all(step["cached"] for step in again["steps"])


@pytest.mark.parametrize(
    "name", ["env", "label", "cmd", "shell", "healthcheck", "volume", "escape"]
)
def test_dockers_image_told_as_a_dockerfile_is_built_to_the_same_config(
    name: str, box: str, docker: Docker, layerscope: Layerscope, tmp_path: Path
) -> None:
    (case,) = [one for one in CASES if one.name == name]
    context = _write(case, tmp_path / "context")
    docker("build", "--network", "none", "-t", f"docker/{name}:1", str(context))
    docker("save", "-o", str(tmp_path / "first.tar"), f"docker/{name}:1")
    told = layerscope("history", "--dockerfile", str(tmp_path / "first.tar"))
    (context / "Dockerfile").write_text(told)
    docker("build", "--network", "none", "--no-cache", "-t", f"docker/{name}:2", str(context))
    first, again = (
        json.loads(docker("inspect", "--format", "{{json .Config}}", f"docker/{name}:{number}"))
        for number in (1, 2)
    )
    of_the_build = ("Image", "Hostname")
    assert {**again, **dict.fromkeys(of_the_build)} == {**first, **dict.fromkeys(of_the_build)}


def _check_history(name: str, docker: Docker, layerscope: Layerscope) -> None:
    """The same sizes, and an ID in the same rows."""
    words = ("history", "--human=false", "--no-trunc", "--format", "{{.ID}} {{.Size}}", name)
    theirs = [line.split() for line in docker(*words).splitlines()]
    ours = [(row["id"], row["size"]) for row in layerscope.json("history", name)]
    assert [(one == "<missing>", size) for one, size in ours] == [
        (one == "<missing>", int(size)) for one, size in theirs
    ]
