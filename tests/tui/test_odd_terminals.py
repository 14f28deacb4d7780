"""Terminals that send rubbish, take nothing, or speak another encoding; and unexpected errors."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from tests.support.pty import Terminal

_TOP = Path(__file__).parents[2]
_SHOWN = "The store has no images yet"
_RUBBISH = b"\xf7\xff\xc3(\x1b[<999999;1M\x1b]52;c;!!\x07\x1b[\x80\xfe"


def _explorer(root: Path, **env: str) -> Terminal:
    words = [sys.executable, "-m", "layerscope", "--root", str(root / "store")]
    return Terminal(words, cwd=_TOP, environment=env)


def test_bytes_that_are_no_text_are_dropped(tmp_path: Path) -> None:
    with _explorer(tmp_path) as terminal:
        terminal.wait_for(_SHOWN)
        terminal.settle()
        for _ in range(3):
            os.write(terminal._master, _RUBBISH)
            terminal.settle(quiet=0.05, patience=0.2)
        terminal.send("\x1b")
        terminal.settle()
        terminal.send("?")
        terminal.wait_for("Help")
        terminal.send("\x03")
        terminal.settle()
        assert terminal.process.wait(5) == 0


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_locale_without_lines_and_bars_opens_as_well(tmp_path: Path, encoding: str) -> None:
    with _explorer(tmp_path, PYTHONIOENCODING=encoding) as terminal:
        terminal.wait_for(_SHOWN)


def test_a_dumb_terminal_is_told_of_a_verb(tmp_path: Path) -> None:
    with _explorer(tmp_path, TERM="dumb") as terminal:
        assert terminal.wait() == 2
        assert "try: layerscope images" in terminal.text
        assert b"\x1b" not in terminal.sent


def test_a_terminal_that_takes_nothing_holds_nobody(tmp_path: Path) -> None:
    with _explorer(tmp_path) as terminal:
        terminal.wait_for(_SHOWN)
        terminal.settle()
        for number in range(30):
            terminal.resize(200 - number % 3, 50 - number % 2)
            time.sleep(0.1)
        terminal.process.send_signal(signal.SIGTERM)
        assert terminal.process.wait(8) == 143


def test_ctrl_z_stops_it_from_the_palette_too(tmp_path: Path) -> None:
    with Terminal(["bash", "--norc", "-i"], cwd=_TOP) as terminal:
        terminal.send(f"PS1=PROMPT:; {sys.executable} -m layerscope --root {tmp_path / 'store'}\r")
        terminal.wait_for(_SHOWN)
        terminal.settle()
        terminal.press("\x10")
        terminal.send("\x1a")
        terminal.wait_for("Stopped")
        terminal.send("fg\r")
        terminal.wait_for(lambda text: "a command's name" in text and "PROMPT" not in text)
        terminal.send("\x03exit\r")
        terminal.settle()


def test_an_error_nobody_expected_is_one_line(tmp_path: Path) -> None:
    fault = "; ".join(
        (
            "import layerscope.tui.screens.images as images",
            "images.ImagesScreen.on_mount = lambda self: 1 / 0",
            "from layerscope.cli.main import main",
            f"raise SystemExit(main(['--root', {str(tmp_path / 'store')!r}]))",
        )
    )
    with Terminal([sys.executable, "-c", fault], cwd=_TOP) as terminal:
        terminal.wait_for("ZeroDivisionError: division by zero")
        terminal.settle()
        assert terminal.process.wait(5) == 1
        assert b"Traceback" not in terminal.sent
