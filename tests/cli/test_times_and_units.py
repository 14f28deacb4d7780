from __future__ import annotations

from datetime import UTC, datetime

import pytest

from layerscope.cli.times import rfc3339
from layerscope.units import age_text, ago_text, counted, parse_time, size_text


@pytest.mark.parametrize(
    ("size", "three", "four"),
    [
        (0, "0B", "0B"),
        (5, "5B", "5B"),
        (999, "999B", "999B"),
        (3129, "3.13kB", "3.129kB"),
        (4097, "4.1kB", "4.097kB"),
        (9_290_000, "9.29MB", "9.29MB"),
        (1_000_000, "1MB", "1MB"),
        (76_000_000_000, "76GB", "76GB"),
    ],
)
def test_sizes_are_dockers(size: int, three: str, four: str) -> None:
    assert size_text(size) == three
    assert size_text(size, 4) == four


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.2, "Less than a second"),
        (1, "1 second"),
        (59, "59 seconds"),
        (61, "About a minute"),
        (600, "10 minutes"),
        (3600, "About an hour"),
        (47 * 3600, "47 hours"),
        (3 * 86400, "3 days"),
        (20 * 86400, "2 weeks"),
        (100 * 86400, "3 months"),
        (5400, "2 hours"),
        (9000, "3 hours"),
        (47.6 * 3600, "2 days"),
        (25.2 * 365 * 86400, "25 years"),
    ],
)
def test_ages_are_dockers(seconds: float, text: str) -> None:
    assert age_text(seconds) == text


def test_times_with_go_nanoseconds_are_read() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert parse_time("2025-12-31T23:59:00.123456789Z") is not None
    assert ago_text("2025-12-31T23:50:00.123456789Z", now) == "9 minutes ago"
    assert ago_text("never", now) == "N/A"


@pytest.mark.parametrize(
    ("seconds", "nanos", "text"),
    [
        (1_000_000_000, 0, "2001-09-09T01:46:40Z"),
        (1_000_000_000, 250_000_000, "2001-09-09T01:46:40.25Z"),
        (-1000, 0, "1969-12-31T23:43:20Z"),
        (1 << 60, 0, "9999-12-31T23:59:59Z"),
        (-(1 << 60), 0, "0001-01-01T00:00:00Z"),
    ],
)
def test_file_times(seconds: int, nanos: int, text: str) -> None:
    assert rfc3339(seconds, nanos) == text


def test_counts_agree_with_their_word() -> None:
    found = [counted(n, "layer") for n in (0, 1, 2, 1200)]
    assert found == ["0 layers", "1 layer", "2 layers", "1,200 layers"]
