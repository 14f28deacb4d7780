"""``A=one two B=c`` taken apart: where a value ends the history doesn't say, the config may."""

from __future__ import annotations

import re
from collections.abc import Mapping

_NAME = re.compile(r" [A-Za-z_][A-Za-z0-9_.-]*=")
_MOST_BLANKS = 8  # in a name
_LONGEST = 4096  # characters of a name


def split_pairs(text: str, known: Mapping[str, str]) -> tuple[list[tuple[str, str]], bool]:
    """Names with their values, and whether each value is the one that is ``known``."""
    pairs: list[tuple[str, str]] = []
    are_known = True
    at = 0
    while at < len(text):
        equals = text.find("=", at)
        if equals < 0:
            return pairs, False
        name, start = text[at:equals], equals + 1
        value = known.get(name)
        if value is not None and _stands(text, start, value):
            end = start + len(value)
        else:
            are_known = False
            end = _value_end(text, start, known, is_known=value is not None)
        pairs.append((name, text[start:end]))
        at = end + 1
    return pairs, are_known


def _stands(text: str, start: int, value: str) -> bool:
    end = start + len(value)
    if not text.startswith(value, start):
        return False
    return end == len(text) or (text[end] == " " and text.find("=", end) >= 0)


def _value_end(text: str, start: int, known: Mapping[str, str], *, is_known: bool) -> int:
    """Where a value ends: before the next name that is known, or that looks like one."""
    equals = text.find("=", start)
    while equals >= 0:
        blank = equals
        for _ in range(_MOST_BLANKS):
            blank = text.rfind(" ", max(start, equals - _LONGEST), blank)
            if blank < 0:
                break
            if text[blank + 1 : equals] in known:
                return blank
        equals = text.find("=", equals + 1)
    found = None if is_known else _NAME.search(text, start)
    return found.start() if found else len(text)
