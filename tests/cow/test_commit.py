"""A writable layer made a tar while somebody goes on writing in it."""

from __future__ import annotations

import io
import os
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from layerscope.archive.writer import TarWriter
from layerscope.cow.commit import layer_entries, write_entries
from layerscope.cow.empty_lower import EmptyLower
from layerscope.cow.engine import Engine
from layerscope.cow.written import written
from tests.support.containers import container

Change = Callable[[Path], object]


def _hidden_by_a_link(upper: Path) -> None:
    (upper / "d/f").unlink()
    (upper / "d/f").symlink_to("/etc/passwd")


def _now_a_folder(upper: Path) -> None:
    (upper / "d/f").unlink()
    (upper / "d/f").mkdir()


def _without(*names: str) -> tuple[Change, dict[str, str]]:
    def remove(upper: Path) -> None:
        for name in names:
            (upper / name).unlink()

    return remove, dict.fromkeys(names, "")


CHANGES: dict[str, tuple[Change, dict[str, str]]] = {
    "removed": _without("d/f"),
    "with its folder": (lambda upper: shutil.rmtree(upper / "d"), {"d/f": ""}),
    "a symlink": (_hidden_by_a_link, {"d/f": ""}),
    "a folder": (_now_a_folder, {"d/f": ""}),
    "grown": (lambda upper: (upper / "d/f").write_text("longer"), {"d/f": "longer"}),
    "cut": (lambda upper: os.truncate(upper / "d/f", 1), {"d/f": "f"}),
    "one name of three": _without("h1"),
    "two names of three": _without("h1", "h2"),
    "all names": _without("h1", "h2", "h3"),
    "a link": _without("l"),
}
CONTENT = {"d/f": "file", **dict.fromkeys(("h1", "h2", "h3"), "shared"), "l": "-> d/f"}


def _committed(engine: Engine, between: Callable[[], object]) -> dict[str, str]:
    """What a tar holds for which the layer was looked at before ``between``."""
    out = io.BytesIO()
    writer = TarWriter(out)
    entries = list(written(engine))
    between()
    count = write_entries(engine, layer_entries(engine, entries), writer)
    writer.close()
    with tarfile.open(fileobj=io.BytesIO(out.getvalue())) as tar:
        members = tar.getmembers()
        assert len(members) == count
        files = {one.name: tar.extractfile(one) for one in members if one.isreg() or one.islnk()}
        found = {name: file.read().decode() for name, file in files.items() if file}
        return found | {one.name: f"-> {one.linkname}" for one in members if one.issym()}


@pytest.mark.parametrize("change", CHANGES)
def test_what_vanishes_is_left_out(tmp_path: Path, change: str) -> None:
    with container(EmptyLower(), tmp_path) as engine:
        engine.mkdir(b"/d")
        for name, content in (("d/f", b"file"), ("h1", b"shared")):
            with engine.open(b"/" + name.encode(), os.O_CREAT | os.O_WRONLY) as file:
                file.write(content)
        engine.link(b"/h1", b"/h2")
        engine.link(b"/h1", b"/h3")
        engine.symlink(b"d/f", b"/l")
    do, gone = CHANGES[change]
    wanted = {name: gone.get(name, content) for name, content in CONTENT.items()}
    with container(EmptyLower(), tmp_path) as engine:
        found = _committed(engine, lambda: do(tmp_path / "upper"))
    assert found == {name: content for name, content in wanted.items() if content}
