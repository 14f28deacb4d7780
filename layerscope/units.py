"""Sizes and ages in Docker's words (docker/go-units); times as the specs write them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

_UNITS = ("B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB")
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def size_text(size: int, digits: int = 3) -> str:
    """Bytes in decimal units with ``digits`` significant digits: ``9.29MB``, ``5B``."""
    value, unit = float(size), 0
    while value >= 1000 and unit < len(_UNITS) - 1:
        value /= 1000
        unit += 1
    return f"{value:.{digits}g}{_UNITS[unit]}"


def counted(count: int, what: str) -> str:
    """How many: ``1 layer``, ``1,200 layers``."""
    return f"{count} {what}" if count == 1 else f"{count:,} {what}s"


def age_text(seconds: float) -> str:
    """How long that is, as Docker says it: ``About a minute``, ``25 years``."""
    seconds = int(seconds)
    if seconds < 1:
        return "Less than a second"
    if seconds == 1:
        return "1 second"
    if seconds < _MINUTE:
        return f"{seconds} seconds"
    if seconds < 2 * _MINUTE:
        return "About a minute"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE} minutes"
    hours = (seconds + _HOUR // 2) // _HOUR
    if hours == 1:
        return "About an hour"
    return _long_age(hours, seconds)


def _long_age(hours: int, seconds: int) -> str:
    if hours < 48:
        return f"{hours} hours"
    if hours < 24 * 7 * 2:
        return f"{hours // 24} days"
    if hours < 24 * 30 * 2:
        return f"{hours // 24 // 7} weeks"
    if hours < 24 * 365 * 2:
        return f"{hours // 24 // 30} months"
    return f"{seconds // _HOUR // 24 // 365} years"


def now_text() -> str:
    """Now, as RFC 3339."""
    seconds, rest = divmod(time.time_ns(), 10**9)
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return f"{whole}.{rest // 1000:06d}Z"


def ago_text(when: str, now: datetime | None = None) -> str:
    """How long ago an RFC 3339 time is; N/A if it is none, or the zero that Go writes for none."""
    from datetime import UTC, datetime

    moment = parse_time(when)
    if moment is None or moment.year == 1:
        return "N/A"
    return f"{age_text(((now or datetime.now(UTC)) - moment).total_seconds())} ago"


def parse_time(text: str) -> datetime | None:
    """An RFC 3339 time, None if it is none; Go's nanoseconds are cut to microseconds."""
    from datetime import UTC, datetime

    head, dot, rest = text.partition(".")
    digits = len(rest) - len(rest.lstrip("0123456789"))
    whole = f"{head}.{rest[: min(digits, 6)]}{rest[digits:]}" if dot and digits else text
    try:
        moment = datetime.fromisoformat(whole)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
