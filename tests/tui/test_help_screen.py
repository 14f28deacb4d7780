"""The help page: whole sentences at any width."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.cells import cell_len

from layerscope.store.store import Store
from layerscope.tui.commands.layers import LAYERS
from layerscope.tui.screens.help import HelpLines
from tests.support.explorer import explore


@pytest.mark.parametrize("width", [59, 79, 159])
def test_what_a_command_does_is_told_whole(width: int) -> None:
    page = HelpLines(LAYERS, width)
    lines = ["".join(text for text, _ in page.spans(n, width)) for n in range(len(page))]
    assert max(map(cell_len, lines)) <= width
    told = " ".join(line[33:].strip() for line in lines)
    for command in LAYERS:
        assert command.help in told


async def test_it_is_wrapped_again_in_another_width(tmp_path: Path) -> None:
    Store.open(tmp_path / "store").close()
    async with explore(tmp_path / "store", columns=60, rows=40) as explorer:
        await explorer.press("question_mark")
        assert "who shares what, and what\n" in explorer.text
        await explorer.resize(120, 40)
        assert "who shares what, and what deleting it gives back\n" in explorer.text
