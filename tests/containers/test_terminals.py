"""Containers' programs at a person's terminal: keys, size, and who has which."""

from __future__ import annotations

import shlex
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from tests.support.program import Layerscope
from tests.support.pty import Terminal

IMAGE = "acme/my-base-image:1.0"


@pytest.fixture(scope="module", autouse=True)
def runs(layerscope: Layerscope) -> None:
    """A container that only waits."""
    layerscope("run", "-d", "--name", "runs", IMAGE, "sleep", "1000")


@pytest.fixture
def at_terminal(layerscope: Layerscope) -> Iterator[Callable[..., Terminal]]:
    """Starts a call at a terminal of 61 × 17; ended after the test."""
    opened: list[Terminal] = []

    def start(*words: str) -> Terminal:
        command = (sys.executable, "-m", "layerscope", "--root", str(layerscope.store), *words)
        opened.append(Terminal(command, columns=61, rows=17))
        return opened[-1]

    yield start
    for terminal in opened:
        terminal.close()


ONE_MORE = ("exec", "runs")
ANEW = ("run", "--rm", IMAGE)


def with_options(words: tuple[str, ...], options: str) -> tuple[str, ...]:
    return (words[0], options, *words[1:])


@pytest.mark.parametrize("words", [ANEW, ONE_MORE], ids=["run", "exec"])
@pytest.mark.parametrize("options", ["-it", "-t"])
def test_it_has_its_size_from_the_start(
    at_terminal: Callable[..., Terminal], words: tuple[str, ...], options: str
) -> None:
    terminal = at_terminal(*with_options(words, options), "stty", "size")
    assert terminal.wait() == 0
    assert terminal.text.split() == ["17", "61"]


def test_it_follows_the_size(at_terminal: Callable[..., Terminal]) -> None:
    script = "trap 'stty size' WINCH; echo up; while :; do sleep 0.02; done"
    terminal = at_terminal(*with_options(ANEW, "-t"), "sh", "-c", script)
    terminal.wait_for("up")
    terminal.resize(70, 20)
    terminal.wait_for("20 70")


@pytest.mark.parametrize("words", [ANEW, ONE_MORE], ids=["run", "exec"])
def test_a_terminal_without_keys_leaves_ours_its_own(
    at_terminal: Callable[..., Terminal], words: tuple[str, ...]
) -> None:
    """Ctrl+C is a signal still."""
    script = "echo up; exec sleep 1000"
    terminal = at_terminal(*with_options(words, "-t"), "sh", "-c", script)
    terminal.wait_for("up")
    terminal.send("\x03")
    assert terminal.wait() == 130


@pytest.mark.parametrize("words", [ANEW, ONE_MORE], ids=["run", "exec"])
def test_our_terminal_is_not_the_program_s(
    at_terminal: Callable[..., Terminal], words: tuple[str, ...]
) -> None:
    """Without -t what is typed and shown goes through pipes, to the end of the input."""
    script = "for n in 0 1 2; do test -t $n && echo terminal; done; cat; echo end"
    terminal = at_terminal(*with_options(words, "-i"), "sh", "-c", script)
    terminal.send("typed\r")
    terminal.wait_for(lambda text: text.count("typed") == 2)
    terminal.send("\x04")
    assert terminal.wait() == 0
    assert terminal.lines[:3] == ["typed", "typed", "end"]


def test_a_job_in_the_background_stops_for_our_keys(layerscope: Layerscope) -> None:
    """As any other that reads the terminal, and goes on in the foreground."""
    root = ("--root", str(layerscope.store))
    words = (*root, *with_options(ANEW, "-i"), "sh", "-c", "echo up; cat")
    call = shlex.join((sys.executable, "-m", "layerscope", *words))
    stopped = "grep -q '^State:.T' /proc/$!/status"
    script = f"set -m; {call} & until {stopped}; do sleep 0.02; done; fg"
    with Terminal(("sh", "-c", script)) as terminal:
        terminal.wait_for("up")
        terminal.send("typed\r")
        terminal.wait_for(lambda text: text.count("typed") == 2, timeout=10)
        terminal.send("\x04")
        assert terminal.wait() == 0


def test_keys_that_nobody_takes_hold_nothing_up(at_terminal: Callable[..., Terminal]) -> None:
    """A paste to a program that only writes."""
    script = "stty raw -echo; n=0; while :; do n=$((n+1)); echo n$n; sleep 0.02; done"
    terminal = at_terminal(*with_options(ANEW, "-it"), "sh", "-c", script)
    terminal.wait_for("n1")

    def paste() -> None:
        with suppress(OSError):  # the terminal goes when the test has seen enough
            for _ in range(100):
                terminal.send("x" * 4000)

    threading.Thread(target=paste, daemon=True).start()
    time.sleep(0.3)
    terminal.wait_for("n60", timeout=10)
    terminal.process.terminate()
    assert terminal.wait() == 143


def test_what_goes_on_in_the_background_is_not_waited_for(
    at_terminal: Callable[..., Terminal],
) -> None:
    terminal = at_terminal(*with_options(ONE_MORE, "-it"), "sh")
    terminal.press("sleep 20 &\r", patience=5)
    terminal.send("exit 7\r")
    assert terminal.wait() == 7
