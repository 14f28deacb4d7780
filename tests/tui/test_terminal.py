"""The explorer on a real terminal: it comes at once, is silent, and leaves everything as it was."""

from __future__ import annotations

import re
import signal
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.pty import Terminal
from tests.support.slow_image import write_slow_image
from tests.support.stores import load

_TOP = Path(__file__).parents[2]
_SAMPLES = _TOP / "sample_images"
_ENTER, _LEAVE, _SHOW_CURSOR = b"\x1b[?1049h", b"\x1b[?1049l", b"\x1b[?25h"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with two images."""
    from layerscope.store.store import Store

    root = tmp_path_factory.mktemp("explorer") / "store"
    store = Store.open(root)
    load(store, _SAMPLES / "five-layers.docker.tar")
    load(store, _SAMPLES / "wasteful.docker.tar")
    return root


@contextmanager
def _explorer(root: Path, *words: str, **env: str) -> Iterator[Terminal]:
    call = [sys.executable, "-m", "layerscope", "--root", str(root), *words]
    with Terminal(call, cwd=_TOP, environment=env) as terminal:
        yield terminal


def _attributes(terminal: Terminal) -> list[object]:
    return termios.tcgetattr(terminal._master)


def _is_as_before(terminal: Terminal) -> bool:
    """The alternate screen was entered and left once, and the cursor is seen again."""
    sent = bytes(terminal.sent)
    left = sent.rpartition(_LEAVE)[2]
    return sent.count(_ENTER) == sent.count(_LEAVE) == 1 and _SHOW_CURSOR in left


def test_the_first_frame_is_there_before_the_rest(root: Path) -> None:
    with _explorer(root) as terminal:
        frame = terminal.wait_for("opening")
        images = terminal.wait_for("example/five-layers")
    assert frame < images


@pytest.mark.parametrize(
    ("way", "code"),
    [("q", 0), ("\x03", 0), (signal.SIGTERM, 143), (signal.SIGHUP, 129)],
    ids=["q", "Ctrl+C", "SIGTERM", "SIGHUP"],
)
def test_every_way_out_leaves_the_terminal_as_it_was(
    root: Path, way: str | signal.Signals, code: int
) -> None:
    with _explorer(root) as terminal:
        before = _attributes(terminal)
        terminal.wait_for("example/five-layers")
        terminal.settle()
        if isinstance(way, str):
            terminal.send(way)
        else:
            terminal.process.send_signal(way)
        assert terminal.wait() == code
        assert _is_as_before(terminal)
        assert _attributes(terminal) == before


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_signal_before_anything_is_loaded_leaves_it_so_too(
    root: Path, number: signal.Signals, code: int
) -> None:
    with _explorer(root) as terminal:
        terminal.wait_for("opening")
        terminal.process.send_signal(number)
        assert terminal.wait() == code
        assert _is_as_before(terminal)


def test_a_closed_terminal_ends_it(root: Path) -> None:
    with _explorer(root) as terminal:
        terminal.wait_for("example/five-layers")
        terminal.settle()
        terminal.hang_up()
        assert terminal.process.wait(5) == 129


def test_the_process_is_as_before_it(root: Path) -> None:
    """What signals do, and where they wake it up, is the whole process's."""
    code = (
        "import pathlib, signal, sys\n"
        "from layerscope import tui\n"
        "def handlers(): return [signal.getsignal(one) for one in signal.valid_signals()]\n"
        "before = handlers()\n"
        f"tui.run(None, pathlib.Path({str(root)!r}))\n"
        "after = handlers() == before, signal.alarm(0), signal.set_wakeup_fd(-1)\n"
        "sys.exit('as before' if after == (True, 0, -1) else f'changed: {after}')"
    )
    with Terminal([sys.executable, "-c", code]) as terminal:
        terminal.wait_for("example/five-layers")
        terminal.process.send_signal(signal.SIGTERM)
        terminal.wait_for("as before")


def test_an_idle_screen_sends_nothing(root: Path) -> None:
    with _explorer(root) as terminal:
        terminal.wait_for("example/five-layers")
        terminal.settle()
        for keys in ("", "\x10", "\x1b", "/"):
            terminal.press(keys, quiet=0.5)
            assert terminal.settle(patience=1.5).size == 0, f"after {keys!r}"


def test_a_small_terminal_is_told_so_and_nothing_is_lost(root: Path) -> None:
    with _explorer(root) as terminal:
        terminal.wait_for("example/five-layers")
        terminal.settle()
        terminal.resize(59, 14)
        terminal.wait_for("layerscope needs 60×15")
        terminal.resize(100, 30)
        terminal.wait_for("example/five-layers")


def test_without_colours_no_colour_is_sent(root: Path) -> None:
    with _explorer(root, NO_COLOR="1") as terminal:
        terminal.wait_for("example/five-layers")
        terminal.settle()
        terminal.press("j")
    assert not re.search(rb"[34]8;[25];", terminal.sent)


@pytest.mark.parametrize(("words", "wanted"), [((), True), (("--no-mouse",), False)])
def test_the_mouse_is_asked_for_unless_told_not_to(
    root: Path, words: tuple[str, ...], wanted: bool
) -> None:
    with _explorer(root, *words) as terminal:
        terminal.wait_for("example/five-layers")
        terminal.settle()
    assert (b"\x1b[?1000h" in terminal.sent) is wanted


def test_an_unknown_theme_is_one_line(root: Path) -> None:
    with _explorer(root, "--theme", "pink") as terminal:
        assert terminal.wait() == 2
        assert "the themes are dark, light, high-contrast, colour-blind" in terminal.text


def test_a_key_in_a_list_costs_few_bytes(root: Path) -> None:
    with _explorer(root) as terminal:
        terminal.wait_for("example/five-layers")
        terminal.settle()
        terminal.press("\t")
        assert terminal.press("j").size <= 600
        assert terminal.press("\x1b[6~").size <= 5000


@pytest.mark.parametrize(
    ("way", "code"),
    [("q", 0), ("\x1b", None), (signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGKILL, -9)],
    ids=["q", "Esc", "SIGTERM", "SIGHUP", "SIGKILL"],
)
def test_no_process_stays_behind(
    tmp_path: Path, way: str | signal.Signals, code: int | None
) -> None:
    slow = write_slow_image(tmp_path / "slow.tar", 40_000_000_000)
    with _explorer(tmp_path / "store", str(slow)) as terminal:
        terminal.wait_for("COPY zeros /")
        terminal.wait_for(lambda _: bool(_children(terminal.process.pid)))
        (reader,) = _children(terminal.process.pid)
        if isinstance(way, str):
            terminal.press(way)
        else:
            terminal.process.send_signal(way)
        assert _ends(reader)
        if code is None:
            assert terminal.process.poll() is None
        else:
            assert terminal.wait() == code


def _children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return [int(child) for task in tasks for child in (task / "children").read_text().split()]


def _ends(pid: int, timeout: float = 5.0) -> bool:
    until = time.perf_counter() + timeout
    while time.perf_counter() < until:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except FileNotFoundError:
            return True
        time.sleep(0.05)
    return False
