"""How far long work is, on a terminal; and Ctrl+C in the middle of it."""

from __future__ import annotations

import hashlib
import io
import json
import os
import signal
import subprocess
import sys
import tarfile
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from layerscope.cli.progress import ProgressLine, Shown, Stop
from layerscope.errors import Cancelled
from layerscope.store.store import Store
from tests.support.pty import Terminal

HUGE = 1 << 36  # nobody reads that in the time of a test; on disk it is a hole


@pytest.fixture
def endless(tmp_path: Path) -> str:
    """A layout whose one layer takes minutes to read."""
    blobs = tmp_path / "image" / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    info = tarfile.TarInfo("hole")
    info.size = HUGE
    layer = blobs / ("0" * 64)
    with layer.open("wb") as out:
        out.write(info.tobuf(tarfile.GNU_FORMAT))
        out.truncate(HUGE + 2048)

    def blob(document: object) -> dict[str, object]:
        data = json.dumps(document).encode()
        digest = hashlib.sha256(data).hexdigest()
        (blobs / digest).write_bytes(data)
        return {"digest": f"sha256:{digest}", "size": len(data)}

    oci = "application/vnd.oci.image"
    config = {
        "architecture": "amd64",
        "os": "linux",
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{'0' * 64}"]},
    }
    manifest = {
        "schemaVersion": 2,
        "config": {"mediaType": f"{oci}.config.v1+json", **blob(config)},
        "layers": [
            {
                "mediaType": f"{oci}.layer.v1.tar",
                "digest": f"sha256:{'0' * 64}",
                "size": HUGE + 2048,
            }
        ],
    }
    index = {
        "schemaVersion": 2,
        "manifests": [{"mediaType": f"{oci}.manifest.v1+json", **blob(manifest)}],
    }
    (tmp_path / "image" / "index.json").write_text(json.dumps(index))
    (tmp_path / "image" / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    return f"oci:{tmp_path / 'image'}"


@pytest.mark.parametrize("verb", ["layers", "load"])
def test_progress_is_one_line_that_is_gone_at_the_end(
    endless: str, tmp_path: Path, verb: str
) -> None:
    words = [sys.executable, "-m", "layerscope", "--root", str(tmp_path / "store"), verb, endless]
    with Terminal(words, columns=60, environment={"TERM": "dumb"}) as terminal:
        terminal.wait_for(" of 68.7GB  ")
        terminal.wait_for("left")
        terminal.send("\x03")
        assert terminal.wait(20) == 130
        shown = [line for line in terminal.lines if line]
    assert shown[-1] == "layerscope: interrupted: stopped before it was done"
    assert "left" not in terminal.text
    assert b"\x1b" not in terminal.sent


def test_without_a_terminal_nothing_is_told_and_ctrl_c_stops_it(
    endless: str, tmp_path: Path
) -> None:
    words = [sys.executable, "-m", "layerscope", "--root", str(tmp_path / "store")]
    with subprocess.Popen(
        [*words, "layers", endless], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        time.sleep(1.5)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (130, "")
    assert err == "layerscope: interrupted: stopped before it was done\n"
    checked = subprocess.run([*words, "fsck"], capture_output=True, check=False)
    assert (checked.returncode, checked.stdout) == (0, b"")


def test_a_wait_for_another_process_is_told_and_ends_with_ctrl_c(tmp_path: Path) -> None:
    root = tmp_path / "store"
    store = Store.open(root)
    words = [sys.executable, "-m", "layerscope", "--root", str(root), "volume", "create", "mine"]
    with store.database.write(lasting=False), Terminal(words, columns=80) as terminal:
        terminal.wait_for("waiting for another layerscope")
        begun = time.monotonic()
        terminal.send("\x03")
        assert terminal.wait(20) == 130
        assert time.monotonic() - begun < 1
    assert [line for line in terminal.lines if line] == [
        "waiting for another layerscope, which writes in the store",
        "^Clayerscope: interrupted: stopped before it was done",
    ]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_who_tells_it_to_end_finds_nothing_left(
    endless: str, tmp_path: Path, number: signal.Signals
) -> None:
    """Once or, as a terminal that closes does, again and again."""
    store = tmp_path / "store"

    def files() -> list[Path]:
        return [path for path in store.glob("tmp/**/*") if path.is_file()]

    words = [sys.executable, "-m", "layerscope", "--root", str(store), "load", endless]
    with subprocess.Popen(
        words, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        deadline = time.monotonic() + 20
        while not any(map(_is_large, files())) and time.monotonic() < deadline:
            time.sleep(0.01)
        for _ in range(3):
            process.send_signal(number)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (128 + number, "", "")
    assert files() == []


def _is_large(path: Path) -> bool:
    try:
        return path.stat().st_size > 1 << 20
    except FileNotFoundError:
        return False


class Watched(io.StringIO):
    """A stderr that is a terminal."""

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        raise OSError


@pytest.fixture
def stderr(monkeypatch: pytest.MonkeyPatch) -> Watched:
    """Standard error, a terminal of 80 columns."""
    watched = Watched()
    monkeypatch.setattr("layerscope.cli.progress.sys", SimpleNamespace(stderr=watched))
    return watched


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, to be set."""
    now = [100.0]
    monkeypatch.setattr("layerscope.cli.progress.time.monotonic", lambda: now[0])
    return now


def test_the_line_sums_up_all_tasks(stderr: Watched, clock: list[float]) -> None:
    shown = Shown()
    line = shown.progress()
    line.begin("a", 3_000_000)
    line.begin("b", 1_000_000)
    line.advance("a", 1)
    assert stderr.getvalue() == ""  # work of a moment is not worth a line
    clock[0] += 1
    line.advance("a", 1_000_000)
    assert stderr.getvalue() == "\r1MB of 4MB  1MB/s  3 seconds left"
    line.advance("a", 1_100_000)
    line.end("b")
    clock[0] += 1
    line.advance("a", 2_000_000)
    assert stderr.getvalue().endswith("\r3MB of 4MB  1.5MB/s  less than a second left")
    shown.close()
    assert stderr.getvalue().endswith("\r" + " " * 44 + "\r")


def test_an_unknown_total_has_no_time_left(stderr: Watched, clock: list[float]) -> None:
    shown = Shown()
    line = shown.progress()
    line.begin("a", None)
    clock[0] += 2
    line.advance("a", 1000)
    assert stderr.getvalue() == "\r1kB  500B/s"
    line = shown.progress()  # the next piece of work starts with a clean line
    assert stderr.getvalue().endswith("\r           \r")
    shown.close()


def test_ctrl_c_reaches_work_in_other_threads() -> None:
    before = signal.getsignal(signal.SIGINT)
    stop = Stop()
    stop.check()
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGINT)
    with pytest.raises(Cancelled):
        ProgressLine(stop).check()
    stop.close()
    assert signal.getsignal(signal.SIGINT) is before


def test_so_does_another_signal_that_ends_it() -> None:
    before = signal.getsignal(signal.SIGHUP)
    stop = Stop()
    with pytest.raises(SystemExit):
        os.kill(os.getpid(), signal.SIGHUP)
    with pytest.raises(Cancelled):
        stop.check()
    stop.close()
    assert signal.getsignal(signal.SIGHUP) is before
