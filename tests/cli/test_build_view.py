"""The live list of a build's steps, on a terminal."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tests.support.build_cases import make_base
from tests.support.processes import need_processes
from tests.support.pty import Terminal


@pytest.fixture
def context(tmp_path: Path) -> Path:
    folder = tmp_path / "context"
    folder.mkdir()
    (folder / "a.txt").write_text("a")
    return folder


def _build(folder: Path, text: str, code: int = 0) -> tuple[str, str]:
    """All that a build sends to the terminal, and what stands there in the end."""
    (folder / "Dockerfile").write_text(text)
    root = str(folder.with_name("store"))
    words = [sys.executable, "-m", "layerscope", "--root", root, "build", str(folder), "-t", "a:1"]
    with Terminal(words, columns=100, rows=30) as terminal:
        assert terminal.wait(60) == code
        return terminal.sent.decode(), terminal.text


def test_steps_become_a_list_that_stays(context: Path) -> None:
    text = "FROM scratch\nCOPY a.txt /\nENV A=1\n"
    _, first = _build(context, text)
    assert re.search(
        r"✓ \[stage-0 2/3\] COPY a.txt / +0\.\ds +1B +\(it was not built before\)", first
    )
    assert "layerscope a:1, then B: the Dockerfile beside what its steps made" in first
    (context / "a.txt").write_text("changed")
    _, second = _build(context, text)
    assert re.search(r"COPY a.txt / .*\(a.txt changed\)", second)
    _, third = _build(context, text)
    assert third.count("cached") == 2


def test_a_silent_command_tells_how_long_it_takes(context: Path) -> None:
    need_processes()
    base = make_base(context.with_name("base.tar"))
    sent, last = _build(context, f"FROM rootfs:{base}\nRUN echo one; printf half; sleep 1.5\n")
    assert re.search(r"▸ \[stage-0 2/2\] RUN .* +1\.\ds", sent)
    assert "    half" in sent
    assert "    half" not in last


def test_what_a_failed_command_printed_stays(context: Path) -> None:
    need_processes()
    base = make_base(context.with_name("base.tar"))
    _, last = _build(context, f"FROM rootfs:{base}\nRUN echo why; printf 'no end'; exit 3\n", 1)
    assert "✗ [stage-0 2/2] RUN" in last
    assert "    why\n    no end" in re.sub(r" +\n", "\n", last)
    assert "it ended with exit code 3" in last
