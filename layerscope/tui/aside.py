"""Work that nobody has to wait for: not who cancels it, and not who leaves the explorer."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


async def aside(work: Callable[[], T], drop: Callable[[T], object] | None = None) -> T:
    """What ``work`` returns or raises, in a thread of its own.

    A worker's thread is waited for when the explorer ends; this one is left where it is, so that
    it may ask somebody who never answers. What it finds out after a cancel is ``drop``ped.
    """
    future: Future[T] = Future()
    future.set_running_or_notify_cancel()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:
            future.set_exception(error)

    def let_go(future: Future[T]) -> None:
        if drop is not None and future.exception() is None:
            drop(future.result())

    threading.Thread(target=run, daemon=True).start()
    try:
        return await asyncio.wrap_future(future)
    except asyncio.CancelledError:
        future.add_done_callback(let_go)
        raise
