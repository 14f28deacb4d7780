"""What a registry asks for before it answers: WWW-Authenticate (RFC 9110, RFC 6750)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_PART = re.compile(
    rf"\s*,?\s*(?:(?P<key>{_TOKEN})\s*=\s*(?:\"(?P<quoted>(?:[^\"\\]|\\.)*)\"|(?P<plain>{_TOKEN}))"
    rf"|(?P<scheme>{_TOKEN})(?=\s|,|$))"
)
_LONGEST = 8192


@dataclass(frozen=True, slots=True)
class Challenge:
    """A way to say who one is: a scheme in lower case (``basic``, ``bearer``) and its values."""

    scheme: str
    values: dict[str, str] = field(default_factory=dict)


def parse_challenges(headers: Sequence[str]) -> list[Challenge]:
    """All challenges of an answer's headers, in their order; what can't be read is left out."""
    found: list[Challenge] = []
    for text in headers:
        for part in _PART.finditer(text[:_LONGEST]):
            if part["scheme"]:
                found.append(Challenge(part["scheme"].lower()))
            elif found:
                value = part["plain"] or re.sub(r"\\(.)", r"\1", part["quoted"] or "")
                found[-1].values[part["key"].lower()] = value
    return found


def choose_challenge(challenges: Sequence[Challenge]) -> Challenge | None:
    """The best that can be met: a token, else a password."""
    for scheme in ("bearer", "basic"):
        for challenge in challenges:
            if challenge.scheme == scheme:
                return challenge
    return None
