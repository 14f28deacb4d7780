"""Containers of other engines, where the engines themselves aren't needed."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from layerscope.containers.foreign.container import NotInPlace, State
from layerscope.errors import LayerscopeError
from layerscope.sources.found import Engine
from layerscope.usecases.foreign import (
    ForeignFigures,
    ReadFrom,
    foreign_changes,
    foreign_containers,
    foreign_figures,
    foreign_images,
)
from tests.support.command import Cli
from tests.support.containers import container, writable
from tests.support.fake_docker import Answer, document, fake_docker
from tests.support.fake_storage import write_list, write_storage
from tests.support.images import image

ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="whiteouts are devices")
ID = "c" * 64


@pytest.fixture
def cli(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Cli:
    """The command line on a new store."""
    return Cli(tmp_path / "store", capsys)


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    """What Docker would have unpacked: two layers and the one of its mount points."""
    files = {"base/d/f": b"0" * 100, "top/d/g": b"1" * 30, "x-init/etc/hosts": b""}
    for name, data in files.items():
        layer, _, path = name.partition("/")
        found = tmp_path / layer / "diff" / path
        found.parent.mkdir(parents=True)
        found.write_bytes(data)
    return [tmp_path / name / "diff" for name in ("base", "top", "x-init")]


@pytest.fixture
def answers(tmp_path: Path, folders: list[Path]) -> dict[str, Answer]:
    """What Docker says of one container over them."""
    writable(tmp_path / "c")
    lower = ":".join(map(str, reversed(folders)))
    data = {"UpperDir": str(tmp_path / "c" / "upper"), "LowerDir": lower}
    return answers_for({"Name": "overlay2", "Data": data})


def answers_for(graph: Any) -> dict[str, Answer]:
    mount = {"Destination": "/v", "Source": "/s", "Name": "vol", "RW": False}
    row: dict[str, Any] = {"Id": ID, "Names": ["/web"], "Image": "web:1", "ImageID": "sha256:1"}
    row |= {"Command": "sh", "State": "running", "Status": "Up 3 hours", "Mounts": [mount]}
    inspected = {"Created": "2024-01-02T03:04:05.5Z", "GraphDriver": graph}
    inspected |= {"Path": "sh", "Args": ["-c", "a b"]}
    sized = {**inspected, "SizeRw": 7, "SizeRootFs": 77}
    changes = [{"Path": "/b", "Kind": 2}, {"Path": "/a", "Kind": 1}, {"Path": "/", "Kind": 0}]
    return {
        "/info": document({"DriverStatus": [["userxattr", "false"]]}),
        "/images/json": document([{"Id": "sha256:1", "Size": 70}]),
        "/containers/json?all=1": document([row]),
        f"/containers/{ID}/json": document(inspected),
        f"/containers/{ID}/json?size=1": document(sized),
        f"/containers/{ID}/changes": document(changes),
    }


@pytest.fixture(autouse=True)
def daemon(
    tmp_path: Path, answers: dict[str, Answer], monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """The only engine."""
    nothing = tmp_path / "storage.conf"
    nothing.write_text(f'[storage]\ngraphroot = "{tmp_path}/none"\n')
    monkeypatch.setenv("CONTAINERS_STORAGE_CONF", str(nothing))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/docker.sock")
    with fake_docker(tmp_path / "docker.sock", answers):
        yield


def test_what_docker_tells_of_it(tmp_path: Path) -> None:
    (found,) = foreign_containers()
    assert (found.engine, found.id, found.name) == (Engine.DOCKER, ID, "web")
    assert (found.state, found.status) == (State.RUNNING, "Up 3 hours")
    assert found.command == ("sh", "-c", "a b")
    assert found.created == "2024-01-02T03:04:05.5Z"
    assert found.upper == tmp_path / "c" / "upper"
    assert found.mounts[0].volume == "vol"
    assert found.mounts[0].read_only
    assert found.image_size == 70


@ROOT
def test_it_is_read_in_place(tmp_path: Path, folders: list[Path]) -> None:
    with container(folders, tmp_path / "c") as engine:
        engine.unlink(b"/d/f")
        with engine.open(b"/d/g", os.O_WRONLY | os.O_APPEND) as handle:
            handle.write(b"!")
        engine.chmod(b"/etc/hosts", engine.stat(b"/etc/hosts").perm)
    (found,) = foreign_containers()
    assert foreign_figures(found) == ForeignFigures(31, 101, ReadFrom.PLACE)
    changes = foreign_changes(found).list
    letters = [(one.kind.value, one.path) for one in changes.changes]
    assert letters == [("C", b"/d"), ("D", b"/d/f"), ("C", b"/d/g")]
    assert [one.path for one in changes.unchanged] == [b"/etc/hosts"]
    lower = found.open_lower()
    assert lower.depth == 3
    lower.close()


@pytest.mark.parametrize(
    ("graph", "why"),
    [
        ({"Name": "vfs", "Data": None}, "driver vfs isn't read in place"),
        ({"Name": "zfs", "Data": {"UpperDir": "/"}}, "driver zfs isn't"),
        (None, "only while it runs"),
        ({"Name": "overlayfs", "Data": None}, "only while it runs"),
        ({"Name": "overlay2", "Data": {}}, "has no folder"),
        ({"Name": "overlay2", "Data": {"UpperDir": "/nowhere/up"}}, "isn't on this machine"),
    ],
)
def test_elsewhere_the_daemon_is_asked(answers: dict[str, Answer], graph: Any, why: str) -> None:
    answers.update(answers_for(graph))
    (found,) = foreign_containers()
    assert found.upper is None
    assert why in found.blocked
    assert foreign_figures(found) == ForeignFigures(7, 77, ReadFrom.DAEMON)
    told = foreign_changes(found)
    assert [(one.kind.value, one.path) for one in told.list.changes] == [
        *(("C", b"/"), ("A", b"/a"), ("D", b"/b"))
    ]
    with pytest.raises(NotInPlace, match=why):
        found.open_lower()


def test_a_container_that_goes_meanwhile_is_left_out(answers: dict[str, Answer]) -> None:
    del answers[f"/containers/{ID}/json"]
    assert foreign_containers() == []


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/containers/json?all=1", b'[{"Id": 5}]'),
        ("/containers/json?all=1", b"{}"),
        ("/info", b"[]"),
        (f"/containers/{ID}/json", b'{"GraphDriver": 5}'),
        ("/images/json", b'[{"Id": 5}]'),
    ],
)
def test_answers_that_are_none_are_told(
    answers: dict[str, Answer], path: str, answer: bytes
) -> None:
    answers[path] = answer
    heard: list[LayerscopeError] = []
    assert foreign_containers(heard.append) == []
    assert len(heard) == 1


def test_engines_that_are_absent_are_quiet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DOCKER_HOST")
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    usual = f"unix://{tmp_path}/usual.sock"
    monkeypatch.setattr("layerscope.sources.docker_daemon.address.DEFAULT", usual)
    heard: list[LayerscopeError] = []
    began = time.monotonic()
    assert foreign_images(heard.append) == []
    assert foreign_containers(heard.append) == []
    assert heard == []
    assert time.monotonic() - began < 1


def storage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, metadata: str) -> Path:
    """A Podman storage with one container of an image, which has written five bytes."""
    root, made = tmp_path / "storage", image("example/web:1")
    write_storage(root, made)
    layers = json.loads((root / "overlay-layers" / "layers.json").read_text())
    layers.append({"id": "d" * 64, "parent": layers[-1]["id"]})
    write_list(root, "layers", layers)
    record = {"id": ID, "names": ["web"], "image": made.config.sha256, "layer": "d" * 64}
    record |= {"created": "2024-01-02T03:04:05Z", "metadata": metadata}
    write_list(root, "containers", [record])
    upper = root / "overlay" / ("d" * 64) / "diff"
    upper.mkdir(parents=True)
    (upper / "new").write_bytes(b"12345")
    conf = tmp_path / "storage.conf"
    conf.write_text(f'[storage]\ngraphroot = "{root}"\nrunroot = "{tmp_path}/run"\n')
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    return root


def test_podman_s_are_read_in_its_storage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = storage(tmp_path, monkeypatch, '{"image-name": "localhost/example/web:1"}')
    (found,) = foreign_containers()
    assert (found.engine, found.name) == (Engine.PODMAN, "web")
    assert found.image == "localhost/example/web:1"
    assert found.state is State.CREATED
    assert foreign_figures(found).size_rw == 5
    assert [one.path for one in foreign_changes(found).list.changes] == [b"/new"]

    userdata = root / "overlay-containers" / ID / "userdata"
    userdata.mkdir(parents=True)
    bound = {"type": "bind", "destination": "/v", "source": "/x/volumes/vol/_data"}
    spec = {"process": {"args": ["sh", "-c", "a b"]}, "mounts": [bound, {"type": "proc"}, 5]}
    (userdata / "config.json").write_text(json.dumps(spec))
    (found,) = foreign_containers()
    assert found.state is State.EXITED
    assert found.command == ("sh", "-c", "a b")
    assert [mount.volume for mount in found.mounts] == ["vol"]

    running = tmp_path / "run" / "overlay-containers" / ID / "userdata"
    running.mkdir(parents=True)
    (running / "pidfile").write_text(str(os.getpid()))
    assert foreign_containers()[0].state is State.RUNNING
    (running / "pidfile").write_text("../../etc")
    assert foreign_containers()[0].state is State.EXITED


def test_buildah_s_have_no_words_of_podman(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    storage(tmp_path, monkeypatch, "")
    (found,) = foreign_containers()
    assert found.engine is Engine.BUILDAH
    assert found.image == "localhost/example/web:1"


@pytest.mark.parametrize("text", ["{", "5", "[]", '{"process": 5, "mounts": 5}', '{"mounts": [5]}'])
def test_a_broken_spec_says_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    root = storage(tmp_path, monkeypatch, "")
    userdata = root / "overlay-containers" / ID / "userdata"
    userdata.mkdir(parents=True)
    (userdata / "config.json").write_text(text)
    (found,) = foreign_containers()
    assert (found.command, found.mounts) == ((), ())


def test_ps_lists_them_beside_the_store_s_own(tmp_path: Path, cli: Cli) -> None:
    (tmp_path / "c" / "upper" / "new").write_bytes(b"12345")
    (row,) = cli.ok("ps", "--all-sources")
    assert (row["name"], row["source"], row["command"]) == ("web", "docker", ["sh", "-c", "a b"])
    assert (row["size_rw"], row["size_root_fs"]) == (5, 75)
    assert row["sizes_from"] == "read in place"
    table = cli("ps", "-s", "--all-sources").out.splitlines()
    assert table[0].split()[-1] == "SOURCE"
    assert table[1].split()[-4:] == ["5B", "(virtual", "75B)", "docker"]
    assert len(cli("ps").out.splitlines()) == 1


def test_ps_shows_an_id_of_an_image_without_a_name_as_ids_are_listed(
    answers: dict[str, Answer], cli: Cli
) -> None:
    listed = json.loads(answers["/containers/json?all=1"])  # type: ignore[arg-type]
    listed[0]["Image"] = f"sha256:{'5' * 64}"
    answers["/containers/json?all=1"] = json.dumps(listed).encode()
    words = ("ps", "--all-sources", "--format", "{{.Image}}")
    assert cli(*words).out == f"{'5' * 12}\n"
    assert cli(*words, "--no-trunc").out == f"sha256:{'5' * 64}\n"


def test_images_asks_docker_for_all_of_them_where_all_are_wanted(
    answers: dict[str, Answer], cli: Cli
) -> None:
    one = {"Id": f"sha256:{'6' * 64}", "RepoTags": ["a:1"], "Created": 1, "Size": 2}
    below = {**one, "Id": f"sha256:{'7' * 64}", "RepoTags": None}
    answers["/images/json"] = json.dumps([one]).encode()
    answers["/images/json?all=1"] = json.dumps([one, below]).encode()
    assert len(cli("images", "-q", "--all-sources").out.splitlines()) == 1
    assert len(cli("images", "-q", "--all-sources", "-a").out.splitlines()) == 2


def test_images_lists_them_beside_the_store_s_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cli: Cli
) -> None:
    storage(tmp_path, monkeypatch, "")
    outcome = cli("images", "--all-sources", "--json")
    assert "no daemon answers" in outcome.err
    (row,) = outcome.document
    assert row["source"] == "podman"
    assert row["target"] == "containers-storage:localhost/example/web:1"
    assert "podman" in cli("images", "--all-sources").out.splitlines()[1]
    assert len(cli("images").out.splitlines()) == 1
