"""What is known of containers, event by event."""

from __future__ import annotations

from dataclasses import replace

from layerscope.accounting.live.figures import Happening
from layerscope.tui.models.container_lines import FeedLines, happening_words
from layerscope.tui.models.containers import Containers, Sort
from layerscope.tui.models.sparkline import Minutes
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


def test_what_a_copy_up_was_for_is_told_in_its_line() -> None:
    found = known()
    one = Happening(5.0, "copied up", b"var/log", 45_100_000, 45_100_000, 2)
    other = Happening(6.0, "grew", b"var/log", 1, 45_100_001)
    lines_before = len(found.details(DB).feed)
    found.take(lines.Fed(DB, (one, other)))
    found.take(lines.Fed(DB, (replace(one, written=1),)))
    assert list(found.details(DB).feed)[lines_before:] == [replace(one, written=1), other]
    words = [happening_words(replace(one, written=number))[0] for number in (None, 0, 1, 1234)]
    assert words == [
        "copied up 45.1MB from layer 2 for /var/log",
        "copied up 45.1MB from layer 2 for /var/log; its content is the same",
        "copied up 45.1MB from layer 2 for a 1-byte change to /var/log",
        "copied up 45.1MB from layer 2 for a 1,234-byte change to /var/log",
    ]
    narrow = FeedLines([replace(one, written=1)]).spans(0, 48)
    assert (
        "".join(text for text, _ in narrow)[10:].rstrip() == "copied up 45.1MB for 1 B of /var/log"
    )


def test_growth_is_told_once_all_rows_are_there() -> None:
    found = known()
    details = found.details(DB)
    details.take_rows(False, (), [b"out.txt"])
    assert details.tree.delta(b"") == 0
    details = known().details(DB)
    details.pictured(known().figures[DB])
    details.take_rows(False, (), [b"out.txt"])
    assert details.tree.delta(b"") == -5


def test_the_last_minutes_go_on_where_they_were_left() -> None:
    minutes = Minutes(slot=5.0, slots=6)
    minutes.note(1020.0, 70.0)
    minutes.note(1021.0, 75.0)
    kept = [(1001.0, 10.0), (1004.0, 30.0), (1012.0, 60.0), (1021.0, 99.0)]
    for _ in range(2):  # what was taken over isn't taken twice
        minutes.recall(kept)
        assert list(minutes.grown) == [20.0, 0.0, 30.0, 0.0, 5.0]
    minutes.note(1030.0, 80.0)
    assert list(minutes.grown) == [0.0, 30.0, 0.0, 5.0, 0.0, 5.0]


def test_the_last_minutes_may_be_recalled_first() -> None:
    minutes = Minutes(slot=5.0, slots=6)
    minutes.recall([])
    assert not minutes.grown
    minutes.recall([(1001.0, 10.0), (1006.0, 30.0)])
    minutes.note(1016.0, 31.0)
    assert list(minutes.grown) == [0.0, 20.0, 0.0, 1.0]
    minutes.recall([(1.0, 5.0)])
    assert list(minutes.grown)[-4:] == [0.0, 20.0, 0.0, 1.0]
