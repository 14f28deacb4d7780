"""The explorer without a terminal: what it shows, as text."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from textual.pilot import Pilot

from layerscope.tui.app import ExplorerApp
from layerscope.tui.session import Session


class Explorer:
    """A running explorer."""

    def __init__(self, pilot: Pilot[int]) -> None:
        self.app = pilot.app
        self._pilot = pilot

    async def settle(self) -> None:
        """Wait until no worker and no message is left."""
        silent = 0
        while silent < 3:  # a message may start a worker, whose end is a message
            await self._pilot.pause(0.01)
            idle = all(worker.is_finished for worker in self.app.workers)
            silent = silent + 1 if idle else 0

    async def until(self, holds: Callable[[], bool], seconds: float = 60.0) -> None:
        """Wait until something is so, which another process or thread has to do with."""
        end = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < end, self.text
            await self._pilot.pause(0.01)

    async def leave(self, screens: int = 1) -> None:
        """Step back from what is on top, until what was begun there is over."""
        for _ in range(screens):
            self.app.pop_screen()
        await self.settle()

    async def press(self, *keys: str, settled: bool = True) -> None:
        """Press keys, by Textual's names, and wait for what they do."""
        await self._pilot.press(*keys)
        if settled:
            await self.settle()

    async def click(self, x: int, y: int, times: int = 1) -> None:
        """Click on a cell of the screen."""
        await self._pilot.click(offset=(x, y), times=times)
        await self.settle()

    async def resize(self, columns: int, rows: int) -> None:
        """Give the terminal another size."""
        await self._pilot.resize_terminal(columns, rows)
        await self.settle()

    @property
    def lines(self) -> list[str]:
        """The rows of the screen, without trailing blanks."""
        return [strip.text.rstrip() for strip in self.app.screen._compositor.render_strips()]

    @property
    def notices(self) -> str:
        """What the explorer tells just now beside the screen."""
        return "\n".join(notice.message for notice in self.app._notifications)

    @property
    def text(self) -> str:
        """The whole screen."""
        return "\n".join(self.lines)


@asynccontextmanager
async def explore(
    root: Path,
    target: str | None = None,
    *,
    columns: int = 120,
    rows: int = 24,
    others: bool = False,
    settled: bool = True,
) -> AsyncIterator[Explorer]:
    """The explorer on a TARGET, or on the store at ``root``, once it shows all there is; with
    ``others`` also what other engines have."""
    app = ExplorerApp(Session(root, others=others), target)
    async with app.run_test(size=(columns, rows)) as pilot:
        explorer = Explorer(pilot)
        if settled:
            await explorer.settle()
        yield explorer
