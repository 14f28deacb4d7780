"""Keys typed faster than a prompt opens belong into the prompt."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual.app import App
    from textual.message_pump import MessagePump


async def answered(app: App[int]) -> None:
    """Wait until the keys sent so far are done with: by the app, by what has the focus, and by the
    app again, which moves the focus if that was asked for; on a new screen, once it stands."""
    await _done(app)
    screen = app.screen
    await _done(app.focused or screen)
    await _done(app)
    if app.screen is not screen:
        await app.screen._mounted_event.wait()
        await _done(app.screen)
        await _done(app)


async def _done(pump: MessagePump) -> None:
    """Wait until a message pump is done with the messages that it has."""
    done = asyncio.Event()
    if pump.call_later(done.set):
        await done.wait()
