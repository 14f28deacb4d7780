"""The change list where the recorded cases don't reach."""

from __future__ import annotations

import os
from pathlib import Path

from layerscope.accounting.changes import Change, ChangeKind, CopiedUp, change_list
from layerscope.cow.compare import same_time
from tests.support.containers import container


def image(tmp_path: Path) -> list[Path]:
    """Two layers."""
    for number in range(2):
        (tmp_path / f"layer{number}" / "d").mkdir(parents=True)
    (tmp_path / "layer0" / "d" / "f").write_bytes(bytes(100))
    (tmp_path / "layer1" / "d" / "g").write_bytes(bytes(30))
    return [tmp_path / "layer0", tmp_path / "layer1"]


def test_copied_up_and_unchanged_is_no_change_but_costs(tmp_path: Path) -> None:
    with container(image(tmp_path), tmp_path / "c") as engine:
        engine.chmod(b"/d/f", engine.stat(b"/d/f").perm)
        engine.open(b"/d/g", os.O_WRONLY).close()
        found = change_list(engine)
    assert found.changes == ()
    assert found.unchanged == (CopiedUp(b"/d/f", 100, 0), CopiedUp(b"/d/g", 30, 1))


def test_what_a_line_tells(tmp_path: Path) -> None:
    with container(image(tmp_path), tmp_path / "c") as engine:
        with engine.open(b"/d/f", os.O_WRONLY | os.O_APPEND) as handle:
            handle.write(b"!")
        engine.unlink(b"/d/g")
        engine.symlink(b"f", b"/d/h")
        found = change_list(engine)
    assert found.changes == (
        Change(ChangeKind.CHANGED, b"/d", 0, False, 1),
        Change(ChangeKind.CHANGED, b"/d/f", 101, True, 0),
        Change(ChangeKind.DELETED, b"/d/g", 30, False, 1),
        Change(ChangeKind.ADDED, b"/d/h", 1, False, None),
    )


def test_what_a_directory_inside_an_opaque_one_hides(tmp_path: Path) -> None:
    (tmp_path / "layer" / "d" / "c").mkdir(parents=True)
    (tmp_path / "layer" / "d" / "c" / "x").write_bytes(b"x")
    with container([tmp_path / "layer"], tmp_path / "c") as engine:
        engine.unlink(b"/d/c/x")
        engine.rmdir(b"/d/c")
        engine.rmdir(b"/d")
        engine.mkdir(b"/d", 0o755)
        engine.mkdir(b"/d/c", 0o755)
        found = change_list(engine)
    assert [(change.kind.value, change.path) for change in found.changes] == [
        ("C", b"/d"),
        ("C", b"/d/c"),
        ("D", b"/d/c/x"),
    ]


def test_times() -> None:
    assert same_time(5_000_000_001, 5_000_000_001)
    assert same_time(5_000_000_000, 5_000_000_007)
    assert not same_time(5_000_000_001, 5_000_000_002)
    assert not same_time(5_000_000_000, 6_000_000_000)
    assert same_time(-1_000_000_000, -999_999_999)
