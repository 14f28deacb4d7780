"""A writable layer under watch: soon right, whatever the events leave out."""

from __future__ import annotations

import errno
import mmap
import os
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from layerscope.accounting.live import hints
from layerscope.accounting.live.figures import Source
from layerscope.accounting.live.judge import Judge
from layerscope.accounting.live.layer import LiveLayer
from layerscope.accounting.live.sight import Sight
from layerscope.accounting.sizes import layer_usage
from layerscope.cow.empty_lower import EmptyLower
from layerscope.cow.form import detect_form

PATIENCE = 20.0


@pytest.fixture
def upper(tmp_path: Path) -> Path:
    (tmp_path / "upper").mkdir()
    return tmp_path / "upper"


@pytest.fixture
def layer(upper: Path) -> Iterator[LiveLayer]:
    made = new_layer(upper)
    yield made
    made.close()


def new_layer(upper: Path) -> LiveLayer:
    judge = Judge(EmptyLower(), Sight(detect_form(upper.parent)))
    made = LiveLayer(str(upper), judge)
    made.walk_now()
    return made


def turn_until_settled(layer: LiveLayer) -> None:
    end = time.monotonic() + PATIENCE
    time.sleep(0.05)
    layer.turn()
    while not layer.figures().settled:
        assert time.monotonic() < end
        layer.turn()
        time.sleep(0.003)


def test_single_writes_are_seen_at_once(layer: LiveLayer, upper: Path) -> None:
    turn_until_settled(layer)
    for number in range(5):
        before = layer.figures().size
        (upper / f"f{number}").write_bytes(b"hello")
        end = time.monotonic() + PATIENCE
        while layer.figures().size == before:
            assert time.monotonic() < end
            layer.turn()
    assert layer.figures().size == 25
    assert [touch.path for touch in layer.touches()] == [b"f%d" % n for n in range(5)]


def test_settled_is_right_after_many_writers(layer: LiveLayer, upper: Path) -> None:
    def write(number: int) -> None:
        for step in range(60):
            folder = upper / f"{number}" / f"{step % 7}" / f"{step}"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "f").write_bytes(bytes(step))
            if step % 9 == 0:
                folder.parent.rename(upper / f"{number}-{step}")
            if step % 13 == 0:
                shutil.rmtree(upper / f"{number}", ignore_errors=True)

    writers = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        layer.turn()
        time.sleep(0.002)
    turn_until_settled(layer)
    assert layer.figures().size == layer_usage(upper).size


def test_names_that_are_not_utf8_are_seen_too(upper: Path) -> None:
    layer = new_layer(upper)
    turn_until_settled(layer)
    (Path(os.fsdecode(os.fsencode(upper) + b"/\xff\xfe"))).write_bytes(bytes(11))
    end = time.monotonic() + PATIENCE
    while layer.figures().size != 11:
        assert time.monotonic() < end
        layer.turn()
        time.sleep(0.003)
    assert layer.figures().source is Source.EVENTS
    layer.close()


def test_without_a_watch_walks_do_it_and_it_is_said(
    upper: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(hints, "_watch", refuse)
    layer = new_layer(upper)
    (upper / "f").write_bytes(bytes(7))
    end = time.monotonic() + PATIENCE
    while layer.figures().size != 7:
        assert time.monotonic() < end
        layer.turn()
    figures = layer.figures()
    assert figures.source is Source.WALKS
    assert "inotify limit" in figures.note
    monkeypatch.undo()
    assert layer.hints is not None
    monkeypatch.setattr(layer.hints, "_next", 0.0)
    layer.turn()
    assert layer.figures().source is Source.EVENTS
    layer.close()


def test_mmap_writes_are_seen_by_a_walk(layer: LiveLayer, upper: Path) -> None:
    (upper / "m").write_bytes(bytes(8192))
    turn_until_settled(layer)
    layer.touches()
    with (upper / "m").open("r+b") as file, mmap.mmap(file.fileno(), 0) as mapped:
        time.sleep(0.05)
        mapped[100] = 1
        end = time.monotonic() + PATIENCE
        while not layer.touches():
            assert time.monotonic() < end
            layer.turn()
            time.sleep(0.003)


def test_rates_fall_to_nothing(layer: LiveLayer, upper: Path) -> None:
    (upper / "f").write_bytes(bytes(3000))
    turn_until_settled(layer)
    assert layer.figures().rates.bytes > 0
    end = time.monotonic() + PATIENCE
    while layer.figures().rates.bytes:
        assert time.monotonic() < end
        time.sleep(0.2)


def test_what_a_refusal_means() -> None:
    for number in (errno.ENOSPC, errno.EMFILE, errno.ENFILE):
        assert hints._why(OSError(number, "full")) == hints._LIMIT
    assert "odd" in hints._why(RuntimeError("odd"))
