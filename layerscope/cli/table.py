"""Tables as Docker prints them, and its ``--format`` templates over named fields."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from layerscope.errors import UsageError

Row = Mapping[str, str]

_PLACE = re.compile(r"\{\{(.*?)\}\}")
_FIELD = re.compile(r"\.(\w+)")
_GAP, _LEAST = 3, 10

_FUNCTIONS: dict[str, Callable[[Any], str]] = {
    "json": lambda value: json.dumps(value, ensure_ascii=False),
    "lower": lambda value: str(value).lower(),
    "upper": lambda value: str(value).upper(),
    "title": lambda value: str(value).title(),
}


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines with the columns aligned, as Docker aligns them: 10 wide at least, 3 apart."""
    columns = zip(headings, *rows, strict=True)
    widths = [max(_LEAST, _GAP + max(map(len, column))) for column in columns]
    lines = []
    for cells in (headings, *rows):
        padded = (f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True))
        lines.append("".join(padded).rstrip())
    return lines


def formatted(template: str, headings: Mapping[str, str], rows: Sequence[Row]) -> list[str]:
    """Lines of a Go template: ``{{.ID}}`` and the like, ``table …`` for a table with headings.

    ``headings`` has the fields that there are. Raises UsageError for any other.
    """
    text = template.replace("\\t", "\t").replace("\\n", "\n")
    is_table = text.startswith("table ") or text == "table"
    text = text.removeprefix("table").lstrip(" ") if is_table else text
    heading = _render(text, headings, headings)  # wrong fields are told even without rows
    lines = [_render(text, row, headings) for row in rows]
    if not is_table:
        return lines
    cells = [line.split("\t") for line in (heading, *lines)]
    return table(cells[0], cells[1:])


def _render(text: str, row: Row, known: Mapping[str, str]) -> str:
    return _PLACE.sub(lambda match: _value(match[1].strip(), row, known), text)


def _value(expression: str, row: Row, known: Mapping[str, str]) -> str:
    if expression == "json .":
        return json.dumps(dict(row), ensure_ascii=False)
    first, *piped = (part.strip() for part in expression.split("|"))
    words = first.split()
    value = _field(words[-1] if words else "", row, known)
    for name in [*reversed(words[:-1]), *piped]:
        if name not in _FUNCTIONS:
            there = ", ".join(sorted(_FUNCTIONS))
            raise UsageError(f"--format {{{{{expression}}}}}", f"{name!r} is none of {there}")
        value = _FUNCTIONS[name](value)
    return value


def _field(word: str, row: Row, known: Mapping[str, str]) -> str:
    match = _FIELD.fullmatch(word)
    if not match or match[1] not in known:
        there = ", ".join(f".{name}" for name in known)
        raise UsageError(f"--format {{{{{word}}}}}", f"the fields are {there}")
    return row[match[1]]
