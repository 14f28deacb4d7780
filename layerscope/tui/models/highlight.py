"""Source text as coloured words: which part of it is a keyword, a string, a comment."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from typing import Any

LARGEST = 1 << 17
_LONGEST_LINE = 2000


class Ink(enum.Enum):
    """What a word is; the theme says how that looks."""

    PLAIN = "plain"
    KEYWORD = "keyword"
    STRING = "string"
    COMMENT = "comment"
    NUMBER = "number"
    NAME = "name"


Line = list[tuple[Ink, str]]


def highlight(name: str, text: str) -> list[Line] | None:
    """The lines of ``text`` in words, by the language that the file's name means.

    None if nobody knows the language, or if the lexer would see other lines than there are.
    """
    text = text.replace("\r\n", "\n")
    if "\r" in text or max(map(len, text.split("\n"))) > _LONGEST_LINE:
        return None
    lexer = _lexer(name, text)
    if lexer is None:
        return None
    lines: list[Line] = [[]]
    for ink, word in _words(lexer.get_tokens(text)):
        first, *others = word.split("\n")
        lines[-1].append((ink, first))
        lines += [[(ink, other)] for other in others]
    return lines


def _lexer(name: str, text: str) -> Any:
    from pygments.lexers import get_lexer_for_filename, guess_lexer
    from pygments.util import ClassNotFound

    try:
        return get_lexer_for_filename(name, stripnl=False, ensurenl=False)
    except ClassNotFound:
        if not text.startswith("#!"):
            return None
    try:
        return guess_lexer(text[:1024], stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None


def _words(tokens: Iterator[tuple[object, str]]) -> Iterator[tuple[Ink, str]]:
    from pygments.token import Comment, Keyword, Name, Number, String

    inks = (
        (Comment, Ink.COMMENT),
        (String, Ink.STRING),
        (Number, Ink.NUMBER),
        (Keyword, Ink.KEYWORD),
        (Name.Function, Ink.NAME),
        (Name.Class, Ink.NAME),
        (Name.Tag, Ink.NAME),
        (Name.Attribute, Ink.NAME),
        (Name.Builtin, Ink.NAME),
    )
    for token, text in tokens:
        yield next((ink for kind, ink in inks if token in kind), Ink.PLAIN), text
