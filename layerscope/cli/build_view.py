"""A build as it goes on: lines as ``docker build --progress=plain`` has them, or a live list."""

from __future__ import annotations

import sys
import time
from collections import deque
from typing import TYPE_CHECKING

from layerscope.cli.text import shortened, shown_text
from layerscope.units import size_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from layerscope.build.plan import Step, StepDone

_KEPT = 1000  # lines of a step that fails, where nothing else is told
_LAST = 6  # lines of output below a step that runs
_WIDTH = 200
_SHORTEST = 30
_EVERY = 0.05  # seconds between two pictures of a step that goes on
_SOON = 0.5  # seconds after which a step tells how long it takes


class PlainView:
    """One line after the other on stderr; ``check`` raises if the user asked to stop."""

    def __init__(self, check: Callable[[], None]) -> None:
        self.check = check
        self._number = 0
        self._began = 0.0
        self._rest = b""

    def begin(self, step: Step) -> None:
        """A step begins."""
        self._number += 1
        self._began = time.monotonic()
        self._say(headline(step))

    def output(self, data: bytes) -> None:
        """What a RUN prints, line by line, with the seconds since it began."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._output_line(line)

    def end(self, done: StepDone) -> None:
        """The step is done."""
        self._flush()
        if done.cached:
            if done.step.position > 1:
                self._say("CACHED")
            return
        if done.reason:
            self._say(f"not cached: {shown_text(done.reason)}")
        size = f", {size_text(done.size)}" if done.diff_id else ""
        self._say(f"DONE {done.seconds:.1f}s{size}")

    def close(self) -> None:
        """The build is over."""
        self._flush()

    def _flush(self) -> None:
        rest, self._rest = self._rest, b""
        if rest:
            self._output_line(rest)

    def _output_line(self, line: bytes) -> None:
        seconds = time.monotonic() - self._began
        self._say(f"{seconds:.3f} {shown_text(_text(line))}")

    def _say(self, text: str) -> None:
        sys.stderr.write(f"#{self._number} {text}\n")
        sys.stderr.flush()


class QuietView(PlainView):
    """Says nothing, unless a step fails that has printed something: that, to its last lines."""

    def __init__(self, check: Callable[[], None]) -> None:
        super().__init__(check)
        self._said: deque[str] = deque(maxlen=_KEPT)

    def begin(self, step: Step) -> None:
        """A step begins."""
        self._said.clear()
        super().begin(step)

    def end(self, done: StepDone) -> None:
        """The step is done."""
        super().end(done)
        self._said.clear()

    def close(self) -> None:
        """The build is over; what a failed step printed is told now."""
        super().close()
        if len(self._said) > 1:
            sys.stderr.write("".join(f"{line}\n" for line in self._said))

    def _say(self, text: str) -> None:
        self._said.append(f"#{self._number} {text}")


class LiveView:
    """The steps as a list that grows; the one at work with the end of its output below it."""

    def __init__(self, check: Callable[[], None]) -> None:
        from rich.console import Console
        from rich.live import Live

        self._check = check
        self._console = Console(stderr=True, highlight=False)
        self._live = Live(console=self._console, auto_refresh=False, transient=True)
        self._live.start()
        self._step: Step | None = None
        self._lines: list[str] = []
        self._rest = b""
        self._began = 0.0
        self._painted = 0.0

    def check(self) -> None:
        """Raise if the user asked to stop; else the seconds go on."""
        self._check()
        self._repaint()

    def begin(self, step: Step) -> None:
        """A step begins."""
        self._step, self._lines, self._rest = step, [], b""
        self._began = time.monotonic()
        self._paint()

    def output(self, data: bytes) -> None:
        """The last lines that a RUN printed."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        self._lines = [*self._lines, *(shown_text(_text(line)) for line in lines)][-_LAST:]
        self._repaint()

    def end(self, done: StepDone) -> None:
        """The step moves up into the list of those that are done."""
        from rich.text import Text

        mark, note = ("=", "cached") if done.cached else ("✓", f"{done.seconds:.1f}s")
        if done.step.position == 1:
            mark, note = "·", ""
        size = f"  {size_text(done.size)}" if done.diff_id else ""
        reason = f"  ({shown_text(done.reason)})" if done.reason else ""
        room = self._console.width - len(f"{mark}   {note}{size}{reason}") - 1
        line = Text(f"{mark} {shortened(headline(done.step), max(room, _SHORTEST))}")
        line.append(f"  {note}{size}", "dim")
        line.append(reason, "yellow")
        self._step = None
        self._live.update(Text(""))
        self._console.print(line)

    def close(self) -> None:
        """Leave the list as it is; what a failed step printed last stays."""
        from rich.text import Text

        self._live.stop()
        if self._step is not None:
            self._console.print(Text(f"✗ {headline(self._step)}", "red"))
            for line in self._printed():
                self._console.print(Text(f"    {line}"))

    def point_to(self, image: str) -> None:
        """Say where more is told of the build."""
        from rich.text import Text

        words = f"layerscope {image}, then B: the Dockerfile beside what its steps made"
        self._console.print(Text(words, "dim"))

    def _printed(self) -> list[str]:
        """The last lines of a RUN, with what has no end yet."""
        rest = [shown_text(_text(self._rest))] if self._rest else []
        return [*self._lines, *rest][-_LAST:]

    def _repaint(self) -> None:
        if time.monotonic() - self._painted > _EVERY:
            self._paint()

    def _paint(self) -> None:
        from rich.text import Text

        self._painted = time.monotonic()
        if self._step is None:
            self._live.update(Text(""), refresh=True)
            return
        seconds = time.monotonic() - self._began
        since = f"  {seconds:.1f}s" if seconds > _SOON else ""
        room = max(self._console.width - len(since) - 3, _SHORTEST)
        head = f"▸ {shortened(headline(self._step), room)}{since}"
        lines = [head, *(f"    {line}" for line in self._printed())]
        whole = Text("\n".join(lines), overflow="ellipsis", no_wrap=True)
        self._live.update(whole, refresh=True)


def headline(step: Step) -> str:
    """``[STAGE 2/5] COPY . /app``."""
    text = shortened(shown_text(step.instruction), _WIDTH)
    return f"[{step.stage} {step.position}/{step.total}] {text}"


def _text(line: bytes) -> str:
    return line.rstrip(b"\r").decode("utf-8", "replace")
