"""Docker's ``--format`` templates: the part of Go's text/template that its manual shows.

An action is a pipeline: ``{{.ID}}``, ``{{json .}}``, ``{{truncate .ID 5 | upper}}``,
``{{join (split .Image "/") "-"}}``. What goes through a pipe is the last value of what follows.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from layerscope.errors import UsageError

_ESCAPED = {ord(char): f"\\u{ord(char):04x}" for char in "<>&\u2028\u2029"}

Row = Mapping[str, str]
Evaluate = Callable[[Row, bool], Any]

_ACTION = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_TOKEN = re.compile(
    r"""\s*(?:(?P<field>\.\w*)|(?P<text>"(?:[^"\\]|\\.)*"|`[^`]*`)|(?P<number>\d+)"""
    r"""|(?P<name>\w+)|(?P<mark>[|()]))""",
    re.ASCII,
)


class Template:
    """A template over named fields; any other field or function is an error at once."""

    def __init__(self, text: str, fields: Sequence[str]) -> None:
        """Raises UsageError."""
        self._fields = fields
        self._parts: list[str | Evaluate] = []
        at = 0
        for match in _ACTION.finditer(text):
            self._parts += [_literal(text[at : match.start()]), self._action(match[1])]
            at = match.end()
        if "{{" in text[at:]:
            raise UsageError(f"--format {text[at:]}", "it has no }} at its end")
        self._parts.append(_literal(text[at:]))

    def of(self, row: Row) -> str:
        """The text for a row."""
        return self._text(row, False)

    def headings(self, headings: Row) -> str:
        """The text for a row of headings, which functions leave as they are."""
        return self._text(headings, True)

    def _text(self, row: Row, heading: bool) -> str:
        parts = (part if isinstance(part, str) else part(row, heading) for part in self._parts)
        return "".join(map(_shown, parts))

    def _action(self, text: str) -> Evaluate:
        try:
            return _Parser(_tokens(text), self._fields).whole()
        except _Wrong as wrong:
            raise UsageError(f"--format {{{{{text}}}}}", wrong.args[0]) from None


class _Wrong(Exception):
    """What an action says means nothing; in words."""


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str


def _tokens(text: str) -> list[_Token]:
    found, at, end = [], 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise _Wrong(f"{text[at:].strip()!r} means nothing here")
        found.append(_Token(match.lastgroup, match[match.lastgroup]))
        at = match.end()
    return found


class _Parser:
    """Turns the tokens of one action into something to call with a row."""

    def __init__(self, tokens: list[_Token], fields: Sequence[str]) -> None:
        self._tokens = tokens[::-1]
        self._fields = fields

    def whole(self) -> Evaluate:
        """The action. Raises _Wrong."""
        value = self._pipeline()
        if self._tokens:
            raise _Wrong(f"{self._tokens[-1].text!r} means nothing here")
        return value

    def _pipeline(self) -> Evaluate:
        value = self._command(None)
        while self._next("|"):
            value = self._command(value)
        return value

    def _command(self, piped: Evaluate | None) -> Evaluate:
        first = self._take()
        if first.kind != "name":
            if piped is not None:
                raise _Wrong(f"{first.text!r} is no function")
            return self._operand(first)
        if first.text not in _FUNCTIONS:
            raise _Wrong(f"{first.text!r} is none of {', '.join(sorted(_FUNCTIONS))}")
        arguments = []
        while self._tokens and self._tokens[-1].text not in ("|", ")"):
            arguments.append(self._operand(self._take()))
        return _call(first.text, arguments + ([piped] if piped else []))

    def _operand(self, token: _Token) -> Evaluate:
        if token.kind == "field":
            return self._field(token.text[1:])
        if token.kind in ("text", "number"):
            value = _constant(token)
            return lambda row, heading: value
        if token.text == "(":
            inner = self._pipeline()
            if not self._next(")"):
                raise _Wrong("a ( has no )")
            return inner
        raise _Wrong(f"{token.text!r} means nothing here")

    def _field(self, name: str) -> Evaluate:
        if not name:
            return lambda row, heading: dict(row)
        if name not in self._fields:
            raise _Wrong(f"the fields are {', '.join(f'.{field}' for field in self._fields)}")
        return lambda row, heading: row[name]

    def _take(self) -> _Token:
        if not self._tokens:
            raise _Wrong(f"it names no field: {', '.join(f'.{field}' for field in self._fields)}")
        return self._tokens.pop()

    def _next(self, mark: str) -> bool:
        if self._tokens and self._tokens[-1].text == mark:
            self._tokens.pop()
            return True
        return False


def _constant(token: _Token) -> str | int:
    if token.kind == "number":
        return int(token.text)
    if token.text[0] == "`":
        return token.text[1:-1]
    try:
        return str(json.loads(token.text))
    except ValueError:
        raise _Wrong(f"{token.text} is no text") from None


def _call(name: str, arguments: Sequence[Evaluate]) -> Evaluate:
    function, least, most = _FUNCTIONS[name]
    if not least <= len(arguments) <= most:
        raise _Wrong(f"{name} takes {least} values" if least > 1 else f"{name} takes a value")

    def evaluate(row: Row, heading: bool) -> Any:
        values = [argument(row, heading) for argument in arguments]
        if heading:
            return next((value for value in values if isinstance(value, str)), "")
        try:
            return function(*values)
        except (TypeError, ValueError, AttributeError):
            given = " ".join(map(repr, values))
            raise UsageError(f"--format {{{{{name}}}}}", f"it can't take {given}") from None

    return evaluate


def _json(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    if isinstance(value, dict):  # Docker does this to a whole row, and not to a single field
        text = text.translate(_ESCAPED)
    return text.encode("utf-8", "backslashreplace").decode()


def _split(value: str, separator: str) -> list[str]:
    return value.split(separator) if separator else list(value)


def _join(values: Sequence[str], separator: str) -> str:
    return separator.join([values] if isinstance(values, str) else values)


def _truncate(value: str, length: int) -> str:
    return value[:length]


def _pad(value: str, before: int, after: int) -> str:
    return " " * before + value + " " * after if value else value


# By name: what it does, and how many values it takes at least and at most.
_FUNCTIONS: Mapping[str, tuple[Callable[..., Any], int, int]] = {
    "json": (_json, 1, 1),
    "lower": (str.lower, 1, 1),
    "upper": (str.upper, 1, 1),
    "title": (str.title, 1, 1),
    "split": (_split, 2, 2),
    "join": (_join, 2, 2),
    "truncate": (_truncate, 2, 2),
    "pad": (_pad, 3, 3),
    "println": (lambda *values: " ".join(map(_shown, values)) + "\n", 0, 99),
}


def _literal(text: str) -> str:
    return text.replace("\\t", "\t").replace("\\n", "\n")


def _shown(value: Any) -> str:
    """As Go prints it."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return f"map[{' '.join(f'{key}:{_shown(value[key])}' for key in sorted(value))}]"
    if isinstance(value, list):
        return f"[{' '.join(map(_shown, value))}]"
    return str(value)
