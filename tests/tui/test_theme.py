"""Every theme can be read, and its marks differ by more than their colour."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.style import Style

from layerscope.tui.screens.images import ImagesScreen
from layerscope.tui.theme import COLOUR_BLIND, HIGH_CONTRAST, NAMES
from layerscope.tui.widgets.rows import RowList
from tests.support.explorer import explore

_READABLE, _HIGH = 4.5, 7.0  # contrast ratios AA and AAA of WCAG 2.2, 1.4.3 and 1.4.6


@pytest.mark.parametrize("name", NAMES)
async def test_every_text_stands_out_from_its_background(name: str, tmp_path: Path) -> None:
    least = _HIGH if name == HIGH_CONTRAST else _READABLE
    async with explore(tmp_path / "store") as explorer:
        explorer.app.theme = name
        await explorer.settle()
        assert isinstance(explorer.app.screen, ImagesScreen)
        rows = explorer.app.screen.query_one(RowList)
        for role in ("", *RowList.ROLES, "cursor"):
            assert _contrast(rows.style_of(role)) >= least, role


async def test_added_and_removed_differ_for_every_eye(tmp_path: Path) -> None:
    """Seen without red or without green, what tells them apart is how light or how blue."""
    async with explore(tmp_path / "store") as explorer:
        explorer.app.theme = COLOUR_BLIND
        await explorer.settle()
        rows = explorer.app.screen.query_one(RowList)
        added, removed = (rows.style_of(role).color for role in ("added", "removed"))
        assert added is not None
        assert removed is not None
        assert abs(added.get_truecolor().blue - removed.get_truecolor().blue) >= 100


def _contrast(style: Style) -> float:
    assert style.color is not None
    assert style.bgcolor is not None
    one, other = (_luminance(*color.get_truecolor()) for color in (style.color, style.bgcolor))
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)


def _luminance(red: int, green: int, blue: int) -> float:
    parts = (part / 255 for part in (red, green, blue))
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
