"""Keys that arrive faster than the screen changes go where they were meant to."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.pty import Terminal

_TOP = Path(__file__).parents[2]
_SAMPLE = _TOP / "sample_images" / "five-layers.docker.tar"


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    words = [sys.executable, "-m", "layerscope", "--root", str(tmp_path), str(_SAMPLE)]
    with Terminal(words, cwd=_TOP) as terminal:
        terminal.wait_for("618kB in 5 layers")
        terminal.settle()
        yield terminal


def test_what_is_typed_behind_a_slash_is_the_filter(terminal: Terminal) -> None:
    terminal.send("/shadow")
    terminal.wait_for("like shadow")


def test_what_is_typed_behind_the_palette_is_a_command(terminal: Terminal) -> None:
    terminal.send("\x10biggest\r")
    terminal.wait_for("biggest files")


def test_what_is_pasted_behind_a_slash_is_the_filter(terminal: Terminal) -> None:
    terminal.send("/\x1b[200~shadow\x1b[201~")
    terminal.wait_for("like shadow")


def test_a_key_held_down_jumps_rather_than_lags(terminal: Terminal) -> None:
    terminal.press("\t")
    assert terminal.press("j" * 300).size < 20_000
