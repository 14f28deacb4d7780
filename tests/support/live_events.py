"""Containers that are made up: what the process that watches them would tell."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

from layerscope.accounting.live.figures import Figures, Happening, Mark, Moment, Rates, Row, Why
from layerscope.usecases import live_lines as lines

NOON = 1_700_000_000.0
DB = "ab" * 32
WEB = "cd" * 32


def container(identity: str, name: str, state: str = "running") -> lines.LiveContainer:
    return lines.LiveContainer(
        id=identity,
        name=name,
        image="acme/shop:1.0",
        state=state,
        exit_code=None if state == "running" else 137,
        created="2024-01-02T03:04:05Z",
        started_at="2024-01-02T03:04:05Z",
        command="serve --all",
        image_size=9_290_000,
        volumes=("data",) if name == "db" else (),
        mounts=("/srv/data",) if name == "db" else (),
    )


def figures(why: Why, files: int, rate: float = 0.0, **more: object) -> Figures:
    known = {"settled": True, "age": 1.0, **more}
    return Figures(NOON, why, files, Rates(rate, 2.0, 0.0), **known)  # type: ignore[arg-type]


ROWS = (
    Row(b"out.txt", Mark.ADDED, "-", 5, NOON),
    Row(b"var", Mark.CHANGED, "d", 0, NOON, 0),
    Row(b"var/db", Mark.CHANGED, "-", 45_100_000, NOON, 2, 45_100_000),
    Row(b"var/lib.so", Mark.UNCHANGED, "-", 40_000, NOON, 0, 40_000),
    Row(b"var/\x1b[2Jgone", Mark.DELETED, "-", 0, NOON, 1, 5_000),
)
WRITES = tuple(
    Happening(NOON + n, "rewritten", b"var/db", 0, 45_100_000, count=5) for n in range(3)
)
EVENTS: tuple[lines.Event, ...] = (
    lines.Containers((container(WEB, "web", "exited"), container(DB, "db"))),
    lines.Measured(WEB, figures(Why(), 0)),
    lines.Measured(DB, figures(Why(5, 45_100_000, 40_000, 5_000), 3, 1_000.0)),
    lines.Rows(DB, True, ROWS),
    lines.Fed(
        DB,
        (
            Happening(NOON, "created", b"out.txt", 5, 5),
            Happening(NOON, "copied up", b"var/db", 45_100_000, 45_100_000, 2, 1),
            *WRITES,
        ),
    ),
    lines.Top(DB, (lines.Growing(b"var/db", 45_100_000, 45_100_000),)),
    lines.Timeline(
        DB,
        (Moment(NOON, 5, 1), Moment(NOON + 9, 45_140_005, 3, ((b"var/db", 45_100_000),))),
    ),
)


class FakeLive:
    """Tells what it was given, and notes what it is asked."""

    def __init__(self, root: Path, *, others: bool) -> None:
        self.asked: list[lines.Request] = []
        FakeLive.last = self

    last: FakeLive
    told: Sequence[lines.Event] = EVENTS

    def open(self, request: lines.Request) -> None:
        self.asked.append(request)

    def ask(self, request: lines.Request) -> None:
        self.asked.append(request)

    def watch_others(self, wanted: bool) -> None:
        self.asked.append(lines.Others(wanted))

    async def events(self) -> AsyncGenerator[lines.Event, None]:
        for event in self.told:
            yield event
