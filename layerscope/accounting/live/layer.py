"""One writable layer under watch: hints tell where to look, walks make sure."""

from __future__ import annotations

import time
from collections.abc import Generator

from layerscope.accounting.live.figures import Figures, Source
from layerscope.accounting.live.hints import Hints
from layerscope.accounting.live.judge import Judge
from layerscope.accounting.live.ledger import Ledger, Touch
from layerscope.accounting.live.looking import look_at, walk
from layerscope.accounting.live.pace import STOPPED, UNWATCHED, WATCHED, Pace
from layerscope.accounting.live.rates import RateMeter

_TOO_MANY = 20_000  # paths at once: a walk costs less
_BETWEEN = 0.03  # seconds that a walk goes on without asking for hints, which takes a while
_AGAIN = 0.05  # seconds until a new directory's own watch stands for certain


class LiveLayer:
    """Keeps a ledger right. ``turn`` is to be called again and again, from one thread.

    With ``watched`` False it goes without file events: nobody writes but now and then.
    """

    def __init__(self, upper: str, judge: Judge, *, watched: bool = True) -> None:
        """Raises OSError."""
        self.ledger = Ledger(upper, judge)
        self.hints = Hints(upper) if watched else None
        self.pace = Pace()
        self._meter = RateMeter()
        self._copied = 0
        self._touches: list[Touch] = []
        self._walking: Generator[None] | None = None
        self._busy = 0.0
        self._next_take = 0.0
        self._again: list[tuple[float, str]] = []

    def close(self) -> None:
        """Watch no more."""
        if self._walking is not None:
            self._walking.close()
        if self.hints is not None:
            self.hints.close()
        self.ledger.close()
        self.ledger.judge.close()

    @property
    def walked(self) -> bool:
        """Whether all of it has been seen once."""
        return self.ledger.telling

    @property
    def due(self) -> float:
        """When there is something to do even if nothing happens, by the monotonic clock."""
        if self._walking is not None or (self.hints is not None and self.hints.busy):
            return 0.0
        again = self._again[0][0] if self._again else self.pace.due
        return min(again, self.pace.due)

    def turn(self) -> bool:
        """Take what hints there are, and do a few milliseconds of a walk if one is due. Returns
        whether anything has changed."""
        self._set_effort()
        now = time.monotonic()
        if self._walking is None or now >= self._next_take:
            self._take_hints()
            self._next_take = time.monotonic() + _BETWEEN
        if self._walking is None and now >= self.pace.due:
            self.pace.begin()
            self._busy = 0.0
            self._walking = walk(self.ledger)
        if self._walking is not None:
            self._walk_on()
        return self._collect()

    def walk_now(self) -> None:
        """Walk all of it before returning."""
        self.pace.begin()
        began = time.perf_counter()
        for _ in walk(self.ledger):
            self.ledger.judge.lower.trim()
        self._walk_over(time.perf_counter() - began)
        self._collect()

    def touches(self) -> list[Touch]:
        """What has changed since the last call, oldest first."""
        taken, self._touches = self._touches, []
        return taken

    def figures(self) -> Figures:
        """How things stand."""
        now, why = time.monotonic(), self.ledger.why()
        self._meter.tell(now, why.size, self.ledger.files, self._copied)
        hints = self.hints
        note = hints.note if hints is not None else ""
        if self.ledger.unread:
            note = f"{self.ledger.unread} directories may not be read"
        return Figures(
            time=time.time(),
            why=why,
            files=self.ledger.files,
            rates=self._meter.rates(now),
            settled=self.pace.settled,
            age=self.pace.age,
            source=Source.EVENTS if hints is not None and hints.watching else Source.WALKS,
            note=note,
        )

    def _set_effort(self) -> None:
        if self.hints is None:
            self.pace.effort = STOPPED
        else:
            self.pace.effort = WATCHED if self.hints.watching else UNWATCHED

    def _take_hints(self) -> None:
        paths = self.hints.take() if self.hints is not None else set()
        now = time.monotonic()
        while self._again and self._again[0][0] <= now:
            self._look_again(self._again.pop(0)[1])
        if not paths:
            return
        self.pace.changed()
        if len(paths) > _TOO_MANY or not self.walked:
            return
        for folder in look_at(self.ledger, paths):
            text = folder.path.decode("utf-8", "surrogateescape")
            self._again.append((now + _AGAIN, text))

    def _look_again(self, path: str) -> None:
        from layerscope.accounting.live.entries import Folder

        folder = self.ledger.find(path.encode("utf-8", "surrogateescape"))
        if isinstance(folder, Folder):
            for _ in walk(self.ledger, folder):
                pass

    def _walk_on(self) -> None:
        assert self._walking is not None
        began = time.perf_counter()
        over = next(self._walking, self) is self
        self._busy += time.perf_counter() - began
        if over:
            self._walking = None
            self._walk_over(self._busy)

    def _walk_over(self, busy: float) -> None:
        found = bool(self.ledger.touches)
        self.pace.end(busy)
        if found:
            # It saw what no event had told of: there may be more.
            self.pace.changed()
        if not self.walked:
            size = self.ledger.why().size
            self._meter.tell(time.monotonic(), size, self.ledger.files, self._copied)
        self.ledger.telling = True

    def _collect(self) -> bool:
        self.ledger.judge.lower.trim()
        taken, self.ledger.touches = self.ledger.touches, []
        if not taken:
            return False
        self.pace.changed()
        for touch in taken:
            after, before = touch.after, touch.before
            if after is not None and after.copied and (before is None or not before.copied):
                self._copied += after.length
        self._touches += taken
        return True
