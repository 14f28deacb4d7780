"""What goes in and comes out of containers' programs when the other side is slow, gone or full."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from layerscope.containers.runtime.streams import Stream, never_blocking, wait
from tests.support.command import run
from tests.support.program import Layerscope

IMAGE = "acme/my-base-image:1.0"
SOON = 5.0


@pytest.fixture
def running(layerscope: Layerscope) -> Iterator[str]:
    layerscope("run", "-d", "--name", "runs", IMAGE, "sleep", "1000")
    yield "runs"
    layerscope("rm", "-f", "runs")


@contextlib.contextmanager
def piped(layerscope: Layerscope, *words: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A call, and the end of a pipe that its output goes to; killed if it is there at the end."""
    reader, writer = os.pipe()
    command = (sys.executable, "-m", "layerscope", "--root", str(layerscope.store), *words)
    called = subprocess.Popen(command, stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    try:
        with contextlib.suppress(OSError):
            yield called, reader
    finally:
        called.kill()
        called.communicate()
        with contextlib.suppress(OSError):
            os.close(reader)


def test_nobody_reads_any_more(layerscope: Layerscope, running: str) -> None:
    """As `yes | head -1`: it ends, and says nothing."""
    ended = {("run", "--rm", IMAGE): signal.SIGTERM, ("exec", running): signal.SIGPIPE}
    for words, number in ended.items():
        with piped(layerscope, *words, "yes") as (called, reader):
            assert os.read(reader, 2) == b"y\n"
            os.close(reader)
            _, said = called.communicate(timeout=SOON)
            assert (called.returncode, said) == (128 + number, b"")


def test_nobody_reads_one_that_will_not_end(layerscope: Layerscope) -> None:
    script = "trap '' TERM; while echo y; do sleep 0.02; done; while :; do sleep 1; done"
    with piped(layerscope, "run", "--rm", IMAGE, "sh", "-c", script) as (called, reader):
        assert os.read(reader, 2) == b"y\n"
        os.close(reader)
        assert called.wait(timeout=SOON) == 128 + signal.SIGKILL


def test_a_reader_that_is_slow_gets_it_all(layerscope: Layerscope) -> None:
    """Also through a pipe that somebody made one that doesn't block."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    words = ("--root", str(layerscope.store), "run", "--rm", IMAGE)
    command = (sys.executable, "-m", "layerscope", *words, "head", "-c", "300000", "/dev/zero")
    with subprocess.Popen(command, stdout=writer) as called:
        os.close(writer)
        time.sleep(0.3)
        with os.fdopen(reader, "rb") as read:
            assert len(read.read()) == 300000
    assert called.returncode == 0


def test_a_reader_that_stands_still(layerscope: Layerscope) -> None:
    """It keeps nobody from ending the program, nor from being told that it has ended."""
    words = ("run", "--name", "still", IMAGE, "yes")
    with piped(layerscope, *words) as (called, reader):
        assert os.read(reader, 2) == b"y\n"
        time.sleep(0.3)
        layerscope("kill", "still")
        assert layerscope("wait", "still") == "137\n"
        (row,) = layerscope.json("ps", "-a")
        assert (row["status"], row["exit_code"]) == ("exited", 137)
        assert called.poll() is None
        with os.fdopen(os.dup(reader), "rb") as read:
            assert len(read.read()) > 65536
        assert called.wait(timeout=SOON) == 137
    layerscope("rm", "still")
    with piped(layerscope, "run", "--rm", IMAGE, "yes") as (called, reader):
        assert os.read(reader, 2) == b"y\n"
        time.sleep(0.3)
        called.terminate()
        assert called.wait(timeout=SOON) == 128 + signal.SIGTERM


def test_a_full_disk_is_told(layerscope: Layerscope) -> None:
    with open("/dev/full", "wb") as full:
        command = (sys.executable, "-m", "layerscope", "--root", str(layerscope.store), "run")
        words = ("--name", "full", IMAGE, "yes")
        ran = subprocess.run(
            (*command, *words), stdout=full, stderr=subprocess.PIPE, timeout=SOON, check=False
        )
    assert ran.returncode == 1
    assert ran.stderr == b"layerscope: standard output: no space left on device\n"
    (row,) = layerscope.json("ps", "-a")
    assert (row["status"], row["exit_code"]) == ("exited", 143)
    layerscope("rm", "full")


def test_signals_reach_the_program_itself(layerscope: Layerscope) -> None:
    """Those that stop or abort a program would end at the container's init."""
    layerscope("run", "-d", "--name", "hit", IMAGE, "sleep", "1000")
    layerscope("kill", "-s", "STOP", "hit")
    shown = layerscope("exec", "hit", "ps", "-o", "stat,args")
    stopped = [line.split()[1:] for line in shown.splitlines() if line.startswith("T")]
    assert stopped == [["sleep", "1000"]]
    layerscope("kill", "-s", "CONT", "hit")
    layerscope("kill", "-s", "ABRT", "hit")
    assert layerscope("wait", "hit") == f"{128 + signal.SIGABRT}\n"
    layerscope("rm", "hit")


def test_the_caller_s_umask_is_its_own(layerscope: Layerscope, running: str) -> None:
    before = os.umask(0o077)
    try:
        for words in (("exec", running), ("run", "--rm", IMAGE)):
            assert layerscope(*words, "sh", "-c", "umask") == "0022\n"
    finally:
        os.umask(before)


def test_a_command_more_needs_its_folder(layerscope: Layerscope, running: str) -> None:
    ran = run("exec", "-w", "/no/such", running, "pwd", root=layerscope.store)
    assert (ran.returncode, ran.stdout) == (126, "")
    why = "it cannot be the working directory: no such file or directory"
    assert ran.stderr == f"layerscope: folder '/no/such': {why}\n"
    assert run("exec", running, "test", "-e", "/no", root=layerscope.store).returncode == 1


def test_a_stream_waits_for_nobody() -> None:
    """It takes no more than it can pass on, and tells when all of it has gone."""
    (source, sending), (receiving, target) = os.pipe(), os.pipe()
    own = never_blocking(target)
    seen = bytearray()
    ends: list[str] = []
    stream = Stream(source, own, seen.extend, lambda: ends.append("end"))
    for _ in range(2):  # one fills the pipe, one the stream
        os.write(sending, b"x" * 65536)
        stream.read()
        while stream.writes is not None and wait([], [stream.writes], 0)[1]:
            stream.write()
    assert (stream.reads, stream.writes, len(seen)) == (None, own, 2 * 65536)
    stream.write()  # nothing happens
    os.close(sending)
    received = 0
    while stream.source is not None:
        received += len(os.read(receiving, 65536))
        while stream.writes is not None and wait([], [stream.writes], 0)[1]:
            stream.write()
        assert ends == []
        stream.read()
    assert (ends, len(os.read(receiving, 65536)) + received) == (["end"], len(seen))
    assert os.get_blocking(target)
    for fd in (source, receiving, target, own):
        os.close(fd)
