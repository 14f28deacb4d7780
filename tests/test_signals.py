"""Names of signals, and what they do while a block runs."""

from __future__ import annotations

import os
import signal

import pytest

from layerscope.errors import LayerscopeError
from layerscope.signals import ENDING, ending_by_exit, handlers_kept, signal_number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("KILL", 9),
        ("SIGTERM", 15),
        ("sigusr1", signal.SIGUSR1),
        ("2", 2),
        ("RTMIN+3", signal.SIGRTMIN + 3),
        ("SIGRTMAX-1", signal.SIGRTMAX - 1),
        ("RTMAX", signal.SIGRTMAX),
    ],
)
def test_names(text: str, number: int) -> None:
    assert signal_number(text) == number


@pytest.mark.parametrize("text", ["", "SIG", "FOO", "0", "65", "²", "-9", "RTMIN+40", "9" * 5000])
def test_what_is_no_name(text: str) -> None:
    with pytest.raises(LayerscopeError, match="there is none of that name"):
        signal_number(text)


def test_a_block_that_ends_by_a_signal_leaves_nothing_changed() -> None:
    before = [signal.getsignal(number) for number in ENDING]

    def block() -> None:
        with ending_by_exit():
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(SystemExit) as leaving:
        block()
    assert leaving.value.code == 128 + signal.SIGTERM
    assert [signal.getsignal(number) for number in ENDING] == before


def test_what_a_process_was_started_to_ignore_stays_ignored() -> None:
    with handlers_kept(ENDING):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        with ending_by_exit():
            os.kill(os.getpid(), signal.SIGHUP)


def test_a_signal_that_is_said_again_does_not_end_the_tidying_up() -> None:
    def block() -> None:
        with ending_by_exit():
            try:
                os.kill(os.getpid(), signal.SIGHUP)
            finally:
                os.kill(os.getpid(), signal.SIGHUP)

    with pytest.raises(SystemExit):
        block()
