"""Times of files as RFC 3339."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def rfc3339(seconds: int, nanos: int = 0) -> str:
    """Seconds and nanoseconds since 1970, in UTC; a year beyond 9999 or before 1 is cut there."""
    try:
        moment = _EPOCH + timedelta(seconds=seconds)
    except OverflowError:
        return "9999-12-31T23:59:59Z" if seconds > 0 else "0001-01-01T00:00:00Z"
    fraction = f".{nanos:09d}".rstrip("0") if nanos else ""
    return moment.replace(tzinfo=None).isoformat() + fraction + "Z"
