"""An interrupted RUN ends soon, and nothing of it is kept, whatever it makes of the signal."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from layerscope.build import attend
from layerscope.build.plan import Step, StepDone
from layerscope.errors import Cancelled
from layerscope.store.store import Store
from layerscope.usecases.build import BuildRequest, build
from tests.support.build_cases import make_base
from tests.support.command import run
from tests.support.processes import need_processes
from tests.support.stores import faults

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes need Linux")
# Neither ends at a signal: one runs another program to its end, one ends as if all were well.
DEAF = "echo start; sleep 20; echo end"
POLITE = "trap 'exit 0' INT TERM; echo start; while true; do sleep 0.05; done"


class Interrupting:
    """A watcher that sends this process signals once a RUN prints something."""

    def __init__(self, *numbers: int) -> None:
        self.numbers = list(numbers)
        self.done: list[StepDone] = []

    def begin(self, step: Step) -> None: ...

    def output(self, data: bytes) -> None:
        while data and self.numbers:
            os.kill(os.getpid(), self.numbers.pop())
            time.sleep(0.05)

    def end(self, done: StepDone) -> None:
        self.done.append(done)

    def check(self) -> None: ...


def _request(folder: Path, command: str) -> BuildRequest:
    need_processes()
    (folder / "context").mkdir()
    base = make_base(folder / "base.tar")
    text = f"FROM rootfs:{base}\nRUN {command}\n"
    (folder / "context" / "Dockerfile").write_text(text)
    return BuildRequest(folder / "context")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("command", [DEAF, POLITE], ids=["deaf", "polite"])
def test_nothing_is_kept_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, number: int
) -> None:
    monkeypatch.setattr(attend, "_GRACE", 0.2)
    request, watcher = _request(tmp_path, command), Interrupting(number)
    before = [signal.getsignal(one) for one in signal.valid_signals()]
    began = time.monotonic()
    with closing(Store.open(tmp_path / "store")) as store:
        with pytest.raises(Cancelled):
            build(store, request, watcher)
        assert time.monotonic() - began < 10
        assert [done.step.position for done in watcher.done] == [1]
        assert store.database.rows("SELECT 1 FROM build_cache") == []
        assert faults(store) == []
    assert [signal.getsignal(one) for one in signal.valid_signals()] == before


def test_a_second_signal_does_not_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attend, "_GRACE", 60.0)
    request, watcher = _request(tmp_path, DEAF), Interrupting(signal.SIGINT, signal.SIGINT)
    began = time.monotonic()
    with closing(Store.open(tmp_path / "store")) as store, pytest.raises(Cancelled):
        build(store, request, watcher)
    assert time.monotonic() - began < 10


def test_an_exit_code_of_its_own_is_no_interruption(tmp_path: Path) -> None:
    context = _request(tmp_path, "exit 130").context
    ran = run("build", str(context), root=tmp_path / "store")
    assert (ran.returncode, "exit code 130" in ran.stderr) == (1, True)


def test_what_is_printed_to_nobody_ends_the_command(tmp_path: Path) -> None:
    class Deaf(Interrupting):
        def output(self, data: bytes) -> None:
            if data:
                raise BrokenPipeError

    request = _request(tmp_path, DEAF)
    began = time.monotonic()
    with closing(Store.open(tmp_path / "store")) as store, pytest.raises(BrokenPipeError):
        build(store, request, Deaf())
    assert time.monotonic() - began < 10


def test_the_verb_ends_with_130(tmp_path: Path) -> None:
    context = _request(tmp_path, POLITE).context
    words = [sys.executable, "-m", "layerscope", "--root", str(tmp_path / "store"), "build"]
    with subprocess.Popen(
        [*words, str(context)], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        while "start" not in (line := process.stderr.readline()).split():
            assert line
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (130, "")
    assert err.endswith("layerscope: interrupted: stopped before it was done\n")
