"""The screen of a container's file, on contents that were made up."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from layerscope.store.store import Store
from layerscope.tui.screens.written_file import WrittenFileScreen
from layerscope.usecases.written_file import Line
from tests.support.explorer import explore
from tests.support.live_events import DB, ROWS, container


class _Bytes:
    def __init__(self, data: bytes) -> None:
        self._data, self.size = data, len(data)

    def read(self, offset: int, size: int) -> bytes:
        return self._data[offset : offset + size]


async def test_of_differences_no_other_side_is_offered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Store.open(tmp_path / "store").close()
    file = SimpleNamespace(
        now=_Bytes(b"new\n"),
        below=_Bytes(b"old\n"),
        differences=lambda: [Line("-", b"old"), Line("+", b"new")],
        close=lambda: None,
    )
    monkeypatch.setattr(
        "layerscope.tui.screens.written_file.open_written", lambda store, of, path: file
    )
    async with explore(tmp_path / "store") as explorer:
        explorer.app.push_screen(WrittenFileScreen(container(DB, "db"), ROWS[2]))
        await explorer.settle()
        assert "Tab Other version" in explorer.lines[-1]
        await explorer.press("d")
        assert "+ new" in explorer.text
        assert "Tab" not in explorer.lines[-1]
        assert "x Bytes" not in explorer.lines[-1]
        await explorer.press("tab", "x")
        assert "+ new" in explorer.text
        await explorer.press("d")
        assert "Tab Other version" in explorer.lines[-1]
        assert "new" in explorer.text
