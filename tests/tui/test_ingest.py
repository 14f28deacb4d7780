"""Layers are read in a process of their own, which never outlives its use."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest

from layerscope.errors import LayerscopeError
from layerscope.tui.session import Session

_SAMPLE = Path(__file__).parents[2] / "sample_images" / "five-layers.docker.tar"


def _children() -> set[int]:
    tasks = Path(f"/proc/{os.getpid()}/task").iterdir()
    return {int(pid) for task in tasks for pid in (task / "children").read_text().split()}


async def test_every_layer_and_stack_is_told_of(tmp_path: Path) -> None:
    session = Session(tmp_path)
    events = [event async for event in session.reader(str(_SAMPLE)).events()]
    told: list[Any] = [(event["event"], event.get("layer")) for event in events]
    assert told[0] == ("image", None)
    assert told[-1] == ("done", None)
    for number in range(5):
        assert ("layer", number) in told
        assert ("stack", number) in told
    image = session.open(str(_SAMPLE))
    assert all(image.stack(number) is not None for number in range(5))


async def test_an_error_is_an_event(tmp_path: Path) -> None:
    reader = Session(tmp_path).reader(str(tmp_path / "nothing.tar"))
    events = [event async for event in reader.events()]
    assert [(event["event"], event["layer"]) for event in events] == [("error", None)]


async def test_leaving_early_ends_the_process(tmp_path: Path) -> None:
    before = _children()

    async def read() -> None:
        async for _ in Session(tmp_path).reader(str(_SAMPLE)).events():
            await asyncio.sleep(60)

    task = asyncio.create_task(read())
    while not _children() - before:
        await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await asyncio.sleep(0.1)
    assert _children() == before


async def test_what_was_begun_is_gone_on_with(tmp_path: Path) -> None:
    session, target = Session(tmp_path), str(_SAMPLE)
    before = _children()
    session.begin(target)
    image = session.open(target)
    assert image.stack(0) is None
    assert len(_children() - before) == 1
    events = [event async for event in session.reader(target).events()]
    assert events[-1]["event"] == "done"
    assert all(image.stack(number) is not None for number in range(5))
    session.begin(target)
    assert session.open(target).stack(4) is not None
    assert _children() == before


def test_what_was_begun_in_vain_is_told_when_it_is_opened(tmp_path: Path) -> None:
    session, target = Session(tmp_path), str(tmp_path / "nothing.tar")
    session.begin(target)
    with pytest.raises(LayerscopeError, match=r"nothing\.tar"):
        session.open(target)
