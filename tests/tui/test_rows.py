"""A list of rows: keys, mouse, and that only what is seen is ever asked for."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from rich.style import Style
from textual import events, on
from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.strip import Strip

from layerscope.tui.widgets.rows import RowList, Span

_HEIGHT = 20


class _Numbers:
    """Rows that say their number, and remember which of them were asked for."""

    def __init__(self, count: int) -> None:
        self._count = count
        self.asked: set[int] = set()

    def __len__(self) -> int:
        return self._count

    def spans(self, index: int, width: int) -> Sequence[Span]:
        self.asked.add(index)
        return [(f"row {index}", "strong" if index % 2 else "")]


class _Rows(App[None]):
    def __init__(self, count: int) -> None:
        super().__init__()
        self.model = _Numbers(count)
        self.opened: list[int] = []
        self.highlighted: list[int] = []

    def compose(self) -> ComposeResult:
        yield RowList()

    def on_mount(self) -> None:
        self.rows.show(self.model)
        self.rows.focus()

    @property
    def rows(self) -> RowList:
        return self.query_one(RowList)

    @on(RowList.Opened)
    def _open(self, event: RowList.Opened) -> None:
        self.opened.append(event.index)

    @on(RowList.Highlighted)
    def _highlight(self, event: RowList.Highlighted) -> None:
        self.highlighted.append(event.index)


@asynccontextmanager
async def _rows(count: int = 1_000_000) -> AsyncIterator[tuple[_Rows, Pilot[None]]]:
    app = _Rows(count)
    async with app.run_test(size=(40, _HEIGHT)) as pilot:
        yield app, pilot


def _seen(app: _Rows) -> list[str]:
    strips = app.rows.screen._compositor.render_strips()
    return [strip.text[:38].rstrip() for strip in strips]


async def test_keys_move_the_cursor_and_it_stays_in_view() -> None:
    async with _rows() as (app, pilot):
        for key, cursor in [
            ("j", 1), ("down", 2), ("k", 1), ("up", 0), ("up", 0), ("pagedown", 19),
            ("pagedown", 38), ("pageup", 19), ("G", 999_999), ("j", 999_999), ("g", 0),
            ("end", 999_999), ("home", 0),
        ]:  # fmt: skip
            await pilot.press(key)
            assert app.rows.cursor == cursor
            assert f"row {cursor}" in _seen(app)


async def test_rows_out_of_sight_are_never_asked_for() -> None:
    async with _rows() as (app, pilot):
        await pilot.press("G", "g", "pagedown")
        assert len(app.model.asked) <= 4 * _HEIGHT


async def test_at_the_edge_it_scrolls_by_half_a_page() -> None:
    async with _rows() as (app, pilot):
        app.rows.move_to(_HEIGHT - 1)
        await pilot.press("j")
        assert _seen(app)[0] == "row 11"


async def test_enter_and_a_double_click_open() -> None:
    async with _rows() as (app, pilot):
        await pilot.press("j", "enter")
        await pilot.click(RowList, offset=(3, 5), times=2)
        assert app.opened == [1, 5]


async def test_a_click_moves_the_cursor_and_one_below_the_last_row_does_nothing() -> None:
    async with _rows(3) as (app, pilot):
        await pilot.click(RowList, offset=(3, 2))
        await pilot.click(RowList, offset=(3, 9), times=2)
        assert app.rows.cursor == 2
        assert app.opened == []


async def test_the_wheel_scrolls() -> None:
    async with _rows() as (app, pilot):
        down = events.MouseScrollDown(app.rows, 3, 3, 0, 1, 0, False, False, False)
        app.rows.post_message(down)
        await pilot.pause()
        assert app.rows.scroll_offset.y > 0
        assert app.rows.cursor == 0


async def test_another_model_is_shown_where_the_cursor_was_or_as_near() -> None:
    async with _rows(100) as (app, pilot):
        await pilot.press("G")
        app.rows.show(_Numbers(50))
        assert app.rows.cursor == 49
        app.rows.show(_Numbers(0))
        assert app.rows.cursor == 0
        await pilot.press("enter", "j", "pagedown")
        assert app.opened == []


class _Changing(_Numbers):
    """The same, but for some rows."""

    def __init__(self, count: int, changed: dict[int, str]) -> None:
        super().__init__(count)
        self._changed = changed

    def spans(self, index: int, width: int) -> Sequence[Span]:
        found = super().spans(index, width)
        return [(self._changed[index], "")] if index in self._changed else found


async def test_of_a_model_that_goes_on_only_other_lines_are_drawn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with _rows(100) as (app, pilot):
        await pilot.press("j")
        drawn: list[int] = []
        draw = RowList._draw

        def noted(rows: RowList, index: int, width: int, at_cursor: bool, base: Style) -> Strip:
            drawn.append(index)
            return draw(rows, index, width, at_cursor, base)

        monkeypatch.setattr(RowList, "_draw", noted)
        app.rows.go_on(_Changing(100, {3: "another", 50: "out of sight"}))
        await pilot.pause()
        assert drawn == [3]
        assert _seen(app)[2:5] == ["row 2", "another", "row 4"]
        assert app.rows.cursor == 1
        app.rows.go_on(_Numbers(3))
        await pilot.pause()
        assert _seen(app)[:5] == ["row 0", "row 1", "row 2", "", ""]
        app.rows.go_on(_Changing(100, {50: "now in sight"}), 50)
        await pilot.pause()
        assert "now in sight" in _seen(app)


async def test_a_smaller_terminal_keeps_the_cursor_in_view() -> None:
    async with _rows() as (app, pilot):
        app.rows.move_to(_HEIGHT - 1)
        await pilot.resize_terminal(40, 8)
        await pilot.pause()
        assert f"row {_HEIGHT - 1}" in _seen(app)
