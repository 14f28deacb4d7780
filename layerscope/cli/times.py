"""Times for programs, as RFC 3339, and for people, as Docker shows them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from layerscope.units import parse_time

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def rfc3339(seconds: int, nanos: int = 0) -> str:
    """Seconds and nanoseconds since 1970, in UTC; a year beyond 9999 or before 1 is cut there."""
    try:
        moment = _EPOCH + timedelta(seconds=seconds)
    except OverflowError:
        return "9999-12-31T23:59:59Z" if seconds > 0 else "0001-01-01T00:00:00Z"
    fraction = f".{nanos:09d}".rstrip("0") if nanos else ""
    return moment.replace(tzinfo=None).isoformat() + fraction + "Z"


def told_time(text: str) -> str | None:
    """What an image says of a time, as RFC 3339; None if it says none."""
    moment = parse_time(text)
    if moment is None:
        return None
    is_whole = "T" in text.upper() and text[-1:] in "zZ"
    return text if is_whole else moment.isoformat().replace("+00:00", "Z")


def local_time(text: str) -> str:
    """A time as ``docker images`` has CreatedAt: ``2024-01-02 03:04:05 +0000 UTC``."""
    moment = parse_time(text)
    if moment is None:
        return "N/A"
    try:
        return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S %z %Z")
    except (OverflowError, ValueError, OSError):
        return moment.strftime("%Y-%m-%d %H:%M:%S %z %Z")


def local_rfc3339(text: str) -> str:
    """A time as ``docker history`` has CreatedAt: in RFC 3339 with this machine's time zone."""
    moment = parse_time(text)
    if moment is None:
        return "N/A"
    try:
        local = moment.astimezone()
    except (OverflowError, ValueError, OSError):
        local = moment
    return local.replace(microsecond=0).isoformat().replace("+00:00", "Z")
