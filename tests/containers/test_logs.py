"""The log of a container's output: its records, their lines, its files."""

from __future__ import annotations

import json
import time
from pathlib import Path

from layerscope.containers.runtime.logs import LogWriter, files, read_log


def test_a_log_stays_below_its_limit(tmp_path: Path) -> None:
    log = LogWriter(tmp_path / "log", limit=2000)
    for number in range(100):
        log.write("stdout", b"line %d\n" % number)
    log.write("stderr", b"no end of line")
    log.close()
    assert all(path.stat().st_size < 2200 for path in files(tmp_path / "log"))
    lines = [entry.text for entry in read_log(tmp_path / "log")]
    assert lines[-2:] == ["line 99\n", "no end of line"]
    assert lines[:-1] == [f"line {number}\n" for number in range(101 - len(lines), 100)]


def test_only_a_newline_ends_a_line_of_a_log(tmp_path: Path) -> None:
    log = LogWriter(tmp_path / "log")
    for data in (b"10%\r20%", b"\r30%\nnext\x0b", b"\x85\x1c\n"):
        log.write("stdout", data)
    log.close()
    lines = [entry.text for entry in read_log(tmp_path / "log")]
    assert lines == ["10%\r20%\r30%\n", "next\x0b\ufffd\x1c\n"]


def test_a_log_is_followed_through_its_files(tmp_path: Path) -> None:
    log = LogWriter(tmp_path / "log", limit=2000)
    more = iter(range(30))

    def running() -> bool:
        number = next(more, None)
        if number is not None:
            log.write("stdout", b"line %d\n" % number)
        return number is not None

    read = [entry.text for entry in read_log(tmp_path / "log", running)]
    log.close()
    assert read == [f"line {number}\n" for number in range(30)]


def test_a_record_is_a_line_whatever_is_in_it(tmp_path: Path) -> None:
    """Docker's form; what is no UTF-8 is shown as such, also what would be a surrogate."""
    lines = [b'"quoted" \\n and \\\\\n', b"\n", b"\x00\x1b\x7f\xff\n", "é€😀\u2028\n".encode()]
    lines += [b"\xed\xa0\x80\xed\xa0\x81\n", b"last"]
    log = LogWriter(tmp_path / "log")
    log.write("stdout", b"".join(lines))
    log.close()
    written = (tmp_path / "log").read_bytes().splitlines()
    records = [json.loads(line) for line in written]
    assert [record["log"] for record in records] == [
        line.decode("utf-8", "replace") for line in lines
    ]
    assert {tuple(record) for record in records} == {("log", "stream", "time")}


def test_a_long_line_is_kept_in_pieces(tmp_path: Path) -> None:
    log = LogWriter(tmp_path / "log")
    log.write("stderr", b"before\n" + b"x" * 40000 + b"\nafter\n")
    log.close()
    texts = [entry.text for entry in read_log(tmp_path / "log")]
    assert [len(text) for text in texts] == [7, 16384, 16384, 7233, 6]
    assert "".join(texts) == "before\n" + "x" * 40000 + "\nafter\n"


def test_many_short_lines_are_written_fast(tmp_path: Path) -> None:
    """A program that prints nothing else must not wait for its log."""
    log = LogWriter(tmp_path / "log")
    start = time.process_time()
    for _ in range(16):
        log.write("stdout", b"y\n" * 32768)
    log.close()
    assert time.process_time() - start < 0.5  # a JSON call a line takes twice that


def test_closed_twice(tmp_path: Path) -> None:
    log = LogWriter(tmp_path / "log")
    log.write("stdout", b"rest")
    log.close()
    log.close()
    assert [entry.text for entry in read_log(tmp_path / "log")] == ["rest"]
