"""Operations written as JSON."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from layerscope.cow.ops import InvalidOps, Language, OpResult, language_of, run_ops
from tests.support.containers import container


@pytest.fixture
def layers(tmp_path: Path) -> list[Path]:
    """One layer with a little tree."""
    layer = tmp_path / "lower"
    (layer / "d" / "e").mkdir(parents=True)
    (layer / "d" / "e" / "f").write_text("text")
    os.link(layer / "d" / "e" / "f", layer / "d" / "e" / "g")
    (layer / "d" / "link").symlink_to("e/f")
    return [layer]


def run(layers: list[Path], place: Path, *ops: dict[str, Any]) -> list[OpResult]:
    """Run them in a new container."""
    with container(layers, place) as engine:
        return run_ops(engine, list(ops))


def test_a_result_for_each(layers: list[Path], tmp_path: Path) -> None:
    results = run(
        layers,
        tmp_path / "c",
        {"op": "read", "path": "/d/e/f"},
        {"op": "unlink", "path": "/nothing"},
        {"op": "write", "path": "/new", "data": {"b64": "AAE="}},
        {"op": "pwrite", "path": "/new", "offset": 1, "data": {"fill": "z", "size": 3}},
        {"op": "read", "path": "/new"},
        {"op": "exchange", "from": "/new", "to": "/d/e/f"},
        {"op": "rename_noreplace", "from": "/new", "to": "/d/e/f"},
    )
    assert results[0] == OpResult("read", "/d/e/f", "ok", b"text")
    assert [result.result for result in results[1:]] == [
        *("ENOENT", "ok", "ok", "ok", "ok", "EEXIST")
    ]
    assert results[4].data == b"\0zzz"


def test_open_files(layers: list[Path], tmp_path: Path) -> None:
    results = run(
        layers,
        tmp_path / "c",
        {"op": "fd_open", "fd": "a", "path": "/d/e/f", "flags": ["RDWR", "APPEND"]},
        {"op": "fd_write", "fd": "a", "data": "+"},
        {"op": "fd_close", "fd": "a"},
        {"op": "fd_write", "fd": "a", "data": "+"},
        {"op": "mmap_write", "path": "/d/e/f", "offset": 3, "data": "123"},
        {"op": "read", "path": "/d/e/f"},
        {"op": "fallocate", "path": "/d/e/f", "size": 9000, "keep_size": True},
        {"op": "fd_open", "fd": "left open", "path": "/d/e/f", "flags": ["RDONLY"]},
    )
    assert [result.result for result in results[:4]] == ["ok", "ok", "ok", "EBADF"]
    assert results[5].data == b"tex12"
    assert results[-1].result == "ok"


def test_moving_a_directory_of_the_image_copies_it(layers: list[Path], tmp_path: Path) -> None:
    with container(layers, tmp_path / "c") as engine:
        [result] = run_ops(engine, [{"op": "rename", "path": "/d", "to": "/moved"}])
        assert result.result == "ok"
        assert not engine.exists(b"/d")
        assert engine.read(b"/moved/e/f") == b"text"
        assert engine.stat(b"/moved/e/f").nlink == 2
        assert engine.readlink(b"/moved/link") == b"e/f"
        engine.mkdir(b"/in")
        run_ops(engine, [{"op": "rename", "path": "/moved", "to": "/in"}])
        assert engine.read(b"/in/moved/e/g") == b"text"
        [result] = run_ops(engine, [{"op": "rename", "from": "/nothing", "to": "/x"}])
        assert result.result == "ENOENT"


def test_the_two_languages(layers: list[Path], tmp_path: Path) -> None:
    chown = {"op": "chown", "path": "/d/link", "uid": os.getuid(), "gid": os.getgid()}
    assert language_of([chown]) is Language.COMMANDS
    assert language_of([chown, {"op": "write", "path": "/x", "data": ""}]) is Language.CALLS
    with container(layers, tmp_path / "c") as engine:
        run_ops(engine, [chown], Language.CALLS)
        assert engine.origin(b"/d/link").layer is None
        assert engine.origin(b"/d/e/f").layer == 0
    with container(layers, tmp_path / "c2") as engine:
        run_ops(engine, [chown])
        assert engine.origin(b"/d/link").layer == 0
        assert engine.origin(b"/d/e/f").layer is None


@pytest.mark.parametrize(
    ("op", "says"),
    [
        ({"op": "format", "path": "/"}, "there is no operation 'format'"),
        ({"path": "/"}, 'no object with an "op"'),
        ("unlink", 'no object with an "op"'),
        ({"op": "write"}, "its words are off"),
        ({"op": "write", "path": 7}, "its words are off"),
        ({"op": "write", "path": "/x", "data": 5}, "its words are off"),
        ({"op": "chmod", "path": "/d", "mode": "rwx"}, "its words are off"),
        ({"op": "truncate", "path": "/d/e/f", "size": "big"}, "its words are off"),
        ({"op": "open", "path": "/d", "flags": ["NONSENSE"]}, "its words are off"),
        ({"op": "write", "path": "/x", "data": {"b64": "?"}}, "its words are off"),
        ({"op": "mknod", "path": "/x", "type": "z", "dev": [1, 1]}, "its words are off"),
        ({"op": "truncate", "path": "/d/e/f", "size": 10**20}, "its words are off"),
        ({"op": "chown", "path": "/d", "uid": 10**12}, "its words are off"),
        ({"op": "utime", "path": "/d", "mtime": float("inf")}, "its words are off"),
        ({"op": "write", "path": "/x", "size": 10**30}, "its words are off"),
    ],
)
def test_what_is_no_operation(
    op: dict[str, Any], says: str, layers: list[Path], tmp_path: Path
) -> None:
    with pytest.raises(InvalidOps, match=says):
        run(layers, tmp_path / "c", op)


def test_nothing_runs_if_one_is_unknown(layers: list[Path], tmp_path: Path) -> None:
    with container(layers, tmp_path / "c") as engine:
        with pytest.raises(InvalidOps):
            run_ops(engine, [{"op": "mkdir", "path": "/x"}, {"op": "nonsense"}])
        assert not engine.exists(b"/x")
