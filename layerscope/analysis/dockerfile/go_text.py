"""Values as Go's ``fmt`` prints them with ``%q`` and ``%v``: histories are full of them."""

from __future__ import annotations

import re
from collections.abc import Sequence

_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)", re.DOTALL)
_NAMED = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_LAST = 0x10FFFF


def quoted_list(text: str, start: int = 0) -> tuple[tuple[str, ...], int] | None:
    """``["a" "b"]`` at ``start``: its texts, and where it ends; None if there is none."""
    if not text.startswith("[", start):
        return None
    texts: list[str] = []
    at = start + 1
    while found := _QUOTED.match(text, at):
        texts.append(unquoted(found[1]))
        at = found.end()
        if text.startswith("]", at):
            return tuple(texts), at + 1
        if not text.startswith(" ", at):
            return None
        at += 1
    return ((), at + 1) if not texts and text.startswith("]", at) else None


def quoted_texts(text: str, start: int) -> tuple[tuple[str, ...], int]:
    """Texts in quotes with a blank before each, as many as there are; and where they end."""
    texts: list[str] = []
    while text.startswith(" ", start) and (found := _QUOTED.match(text, start + 1)):
        texts.append(unquoted(found[1]))
        start = found.end()
    return tuple(texts), start


def unquoted(inner: str) -> str:
    """What stands between quotes, its escapes replaced."""
    return _ESCAPE.sub(_unescaped, inner) if "\\" in inner else inner


def _unescaped(found: re.Match[str]) -> str:
    code = found[1]
    if len(code) == 1:
        return _NAMED.get(code, code)
    number = int(code[1:], 16)
    # A byte that was no text, half of a pair, or nothing at all.
    if (code[0] == "x" and number > 0x7F) or 0xD800 <= number < 0xE000 or number > _LAST:
        return "\ufffd"
    return chr(number)


def plain_list(text: str, known: Sequence[str]) -> tuple[str, ...] | None:
    """``[a b c]`` of ``%v``, which doesn't say where a text ends: ``known``, if it reads so."""
    if not (text.startswith("[") and text.endswith("]")):
        return None
    inner = text[1:-1]
    # What is known may be far longer, and asked for often.
    if len(known) <= len(text) and " ".join(known) == inner:
        return tuple(known)
    return tuple(inner.split(" ")) if inner else ()
