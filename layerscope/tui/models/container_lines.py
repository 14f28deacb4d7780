"""What is told of one container beside its files: why it costs what it costs, what happened, what
grows, how it came to be."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime

from layerscope.accounting.live.figures import Figures, Happening, Moment
from layerscope.tui.models.container_table import how_sure, is_whole, rate_text, state_text
from layerscope.tui.models.image_lines import bar
from layerscope.tui.models.written_tree import delta_text
from layerscope.tui.safe_text import cut, fit, fit_end, fit_left, safe_name, safe_text
from layerscope.units import counted, size_text
from layerscope.usecases.live_lines import Growing, LiveContainer, Then

Span = tuple[str, str]
_BAR = 16
_ROOM = 56  # cells; below this the bars go
_REWRITTEN = 1 << 20  # bytes; from here on a file that is written again and again is worth a word


class WhyLines:
    """What a container is, what its size is made of, and advice where it is certain."""

    def __init__(
        self, row: LiveContainer, figures: Figures | None, advice: Sequence[str] = ()
    ) -> None:
        self._lines = list(_about(row, figures))
        self._lines += [[(text, "warning")] for text in advice]

    def __len__(self) -> int:
        return len(self._lines)

    def spans(self, index: int, width: int) -> Sequence[Span]:
        """One of the lines."""
        spans = self._lines[index]
        return cut(spans if width >= _ROOM else [one for one in spans if one[1] != "bar"], width)


def _about(row: LiveContainer, figures: Figures | None) -> Sequence[list[Span]]:
    name = f" {safe_text(row.name)}"
    lines: list[list[Span]] = [[(name, "strong"), (f"  {state_text(row)}, {row.origin}", "dim")]]
    lines.append([(f" {safe_text(row.image)}: {safe_text(row.command) or '(no command)'}", "dim")])
    if figures is None:
        blocked = [(f" {safe_text(row.blocked)}", "warning")]
        return [*lines, blocked if row.blocked else [(" being measured …", "dim")]]
    total = size_text(figures.size)
    counted = " in disk blocks" if row.in_blocks else ""
    lines.append(
        [(f" {fit_left(total, 8)} ", "strong"), (f"now{counted}; {how_sure(figures)}", "dim")]
    )
    if figures.note:
        lines.append([(f" {safe_text(figures.note)}", "warning")])
    if is_whole(figures):
        lines += _made_of(figures)
    rates = figures.rates
    parts = [f"{rate_text(rates.bytes) or '0B/s'} in all"]
    if is_whole(figures):
        parts.append(f"{rates.files:.1f} files/s")
        parts.append(f"{rate_text(rates.copied_up) or '0B/s'} copied up")
    lines.append([(f" {', '.join(parts)}", "dim")])
    if row.volumes or row.mounts:
        mounts = ", ".join(map(safe_text, row.mounts))
        lines.append([(f" not counted: what is in {mounts}", "dim")])
    return lines


def _made_of(figures: Figures) -> list[list[Span]]:
    """What its bytes are, and those that it hides."""
    why, size = figures.why, max(figures.size, 1)
    lines: list[list[Span]] = []
    for amount, words, role in (
        (why.new, "new", "added"),
        (why.copied_changed, "copied up and changed", "modified"),
        (why.copied_unchanged, "copied up, not changed", "warning"),
    ):
        share = (bar(amount / size, _BAR), "bar")
        lines.append([(f" {fit_left(size_text(amount), 8)} ", role), share, (f" {words}", "")])
    hidden = f" {fit_left(size_text(why.hidden_below), 8)} "
    words = "of the image hidden: frees none"
    return [*lines, [(hidden, "removed"), (" " * _BAR, "bar"), (f" {words}", "")]]


def advice_of(row: LiveContainer, happenings: Sequence[Happening]) -> list[str]:
    """Files that are large and written again and again belong in a volume; no other advice."""
    times: dict[bytes, int] = {}
    sizes: dict[bytes, int] = {}
    for one in happenings:
        if one.did in ("rewritten", "grew", "copied up") and one.size >= _REWRITTEN:
            times[one.path] = times.get(one.path, 0) + one.count
            sizes[one.path] = one.size
    often = sorted((path for path, count in times.items() if count >= 3), key=lambda p: -sizes[p])
    return [line for path in often[:2] for line in _volume_words(row, path, sizes[path])]


def _volume_words(row: LiveContainer, path: bytes, size: int) -> list[str]:
    folder = "/" + safe_name(path.rpartition(b"/")[0])
    flag = f"-v {safe_text(row.name)}-data:{folder}"
    name = safe_name(path.rpartition(b"/")[2])
    return [
        f" ▸ {name} ({size_text(size)}) is written over and over; in a",
        f"   volume it costs this layer nothing: {flag}",
    ]


class FeedLines:
    """What happened, newest first."""

    def __init__(self, happenings: Sequence[Happening]) -> None:
        self.happenings = happenings

    def __len__(self) -> int:
        return len(self.happenings)

    def spans(self, index: int, width: int) -> Sequence[Span]:
        """When, and what in words."""
        one = self.happenings[-1 - index]
        when = f" {datetime.fromtimestamp(one.time):%H:%M:%S} "
        room = max(0, width - len(when))
        words, role = happening_words(one)
        if one.written and len(words) > room:
            words = (
                f"copied up {size_text(one.size)} for {one.written:,} B of /{safe_name(one.path)}"
            )
        return [(when, "dim"), (fit(words, room), role)]


def happening_words(one: Happening) -> Span:
    """``copied up 45.1MB from layer 2 for a 1-byte change to /var/lib/db``, and the role of it."""
    path = "/" + safe_name(one.path)
    size, delta = size_text(one.size), size_text(abs(one.delta))
    if one.did == "copied up":
        for_what = f"a {one.written:,}-byte change to {path}" if one.written else path
        same = "; its content is the same" if one.written == 0 else ""
        return f"copied up {size} from layer {one.from_layer} for {for_what}{same}", "modified"
    if one.did == "many":
        grown = delta_text(one.delta) or "no bytes"
        return f"{one.count:,} changes below {path}, {grown}", ""
    times = f" ({one.count:,} times)" if one.count > 1 else ""
    layer = "" if one.from_layer is None else f", layer {one.from_layer}'s"
    said = {
        "created": (f"created {path}, {size}", "added"),
        "grew": (f"{path} grew by {delta} to {size}{times}", "added"),
        "shrank": (f"{path} shrank by {delta} to {size}{times}", "removed"),
        "rewritten": (f"{path} was written again, {size}{times}", "modified"),
        "changed": (f"changed {path}: its mode, owner or times{times}", "accent"),
        "deleted": (f"deleted {path}{layer}: it still counts in the image", "removed"),
        "removed": (f"removed {path}, {delta} less", "removed"),
        "moved": (f"moved {path}", "accent"),
        "made opaque": (f"{path} hides all that the image has there", "removed"),
    }
    return said.get(one.did, (f"{one.did} {path}{times}", ""))


class GrowingLines:
    """What grew most in the last minute."""

    def __init__(self, growing: Sequence[Growing]) -> None:
        self.growing = growing
        self._most = max((abs(one.delta) for one in growing), default=1) or 1

    def __len__(self) -> int:
        return len(self.growing)

    def spans(self, index: int, width: int) -> Sequence[Span]:
        """By how much, to what size, and the path."""
        one = self.growing[index]
        spans = [
            (f" {fit_left(delta_text(one.delta), 9)} ", "accent"),
            (bar(abs(one.delta) / self._most, 10), "bar"),
            (f" {fit_left(size_text(one.size), 8)} ", "strong"),
        ]
        room = width - sum(len(text) for text, _ in spans)
        return [*spans, (fit_end("/" + safe_name(one.path), max(0, room)), "")]


class TimelineLines:
    """The size over time, newest first; below the moment under the cursor what was there."""

    def __init__(self, moments: Sequence[Moment]) -> None:
        self.moments = moments
        self._most = max((moment.size for moment in moments), default=1) or 1

    def __len__(self) -> int:
        return len(self.moments)

    def moment(self, index: int) -> Moment | None:
        """The moment of a line."""
        return self.moments[-1 - index] if 0 <= index < len(self.moments) else None

    def spans(self, index: int, width: int) -> Sequence[Span]:
        """When, size, and the largest change since the moment before."""
        one = self.moments[-1 - index]
        when = datetime.fromtimestamp(one.time)
        form = "%H:%M:%S" if time.time() - one.time < 86_400 else "%b %d %H:%M"
        spans = [
            (f" {fit(when.strftime(form), 12)} ", "dim"),
            (f"{fit_left(size_text(one.size), 8)} ", "strong"),
            (bar(one.size / self._most, 10), "bar"),
        ]
        words = ", ".join(
            f"{delta_text(delta)} /{safe_name(path)}" for path, delta in one.changes if delta
        )
        room = width - sum(len(text) for text, _ in spans) - 1
        return [*spans, (" " + fit(words, max(0, room)), "")]


class ThenLines:
    """What was there at a moment: names and sizes, the largest first."""

    def __init__(self, then: Then) -> None:
        self._then = then

    def __len__(self) -> int:
        return len(self._then.rows) + 1 + bool(self._then.left_out)

    def spans(self, index: int, width: int) -> Sequence[Span]:
        """The moment, a file, or how many more there were."""
        then = self._then
        if index == 0:
            if then.time is None:
                return [(fit(" nothing was kept of that time", width), "dim")]
            when = datetime.fromtimestamp(then.time)
            return [(fit(f" what was there at {when:%Y-%m-%d %H:%M:%S}", width), "strong")]
        if index > len(then.rows):
            return [(fit(f" {_left_out(then)}", width), "dim")]
        path, size = then.rows[index - 1]
        head = f" {fit_left(size_text(size), 8)} "
        return [(head, "strong"), (fit_end("/" + safe_name(path), width - len(head)), "")]


def _left_out(then: Then) -> str:
    """How many files have no line of their own, and their bytes together."""
    if then.rows:
        words = f"and {counted(then.left_out, 'smaller one')}"
    else:
        words = counted(then.left_out, "file")
    return f"{words}, {size_text(then.rest)}"
