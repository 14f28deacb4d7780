"""What is known of containers, event by event."""

from __future__ import annotations

from layerscope.tui.models.containers import Containers, Sort
from layerscope.usecases import live_lines as lines
from tests.support.live_events import DB, EVENTS, WEB, container


def known() -> Containers:
    found = Containers()
    for event in EVENTS:
        found.take(event)
    return found


def test_the_largest_comes_first_or_the_name() -> None:
    assert [row.name for row in known().ordered(Sort.SIZE, "")] == ["db", "web"]
    assert [row.name for row in known().ordered(Sort.STATE, "")] == ["db", "web"]
    assert [row.name for row in known().ordered(Sort.CREATED, "")] == ["web", "db"]
    assert [row.name for row in known().ordered(Sort.SIZE, "serve")] == ["db", "web"]
    assert [row.name for row in known().ordered(Sort.SIZE, WEB[:8])] == ["web"]


def test_what_is_gone_is_forgotten() -> None:
    found = known()
    assert found.details(DB).feed
    found.take(lines.Containers((container(WEB, "web"),)))
    assert DB not in found.figures
    assert not found.details(DB).feed
    assert [row.name for row in found.ordered(Sort.SIZE, "")] == ["web"]


def test_growth_is_told_once_all_rows_are_there() -> None:
    found = known()
    details = found.details(DB)
    details.take_rows(False, (), [b"out.txt"])
    assert details.tree.delta(b"") == 0
    details = known().details(DB)
    details.pictured(known().figures[DB])
    details.take_rows(False, (), [b"out.txt"])
    assert details.tree.delta(b"") == -5
