"""Words of a Dockerfile: quotes, escapes and variables, as Docker's own small shell lexer has them.

Known are ``$x ${x} ${x:-y} ${x:+y} ${x:?y}`` and the three without the colon, which tell an empty
variable from one that isn't set (Docker's reference, "Environment replacement").
"""

from __future__ import annotations

from collections.abc import Mapping

_SPACE = " \t\r\n\f\v"
_SPECIAL = "@*#?-$!"


class BadWord(ValueError):
    """A word whose quotes or variables make no sense; its text says why."""


class Lexer:
    """Reads words; ``escape`` is the Dockerfile's escape character."""

    def __init__(self, escape: str = "\\") -> None:
        self._escape = escape

    def process(self, word: str, env: Mapping[str, str]) -> str:
        """The word with quotes taken off and variables replaced. Raises BadWord."""
        return _Scan(word, self._escape, env).all()[0]

    def text(self, text: str, env: Mapping[str, str]) -> str:
        """The same of a text in which quotes are characters like others, as in a heredoc."""
        return _Scan(text, self._escape, env, quotes="").all()[0]

    def words(self, text: str, env: Mapping[str, str]) -> list[str]:
        """The same, split where spaces stand outside quotes, those of variables too."""
        return _Scan(text, self._escape, env).all()[1]


def bare_words(text: str, escape: str) -> list[str]:
    """Split at spaces outside quotes; quotes and escapes stay in the words."""
    words: list[str] = []
    word, quote, escaped = "", "", False
    for char in text:
        if escaped:
            word, escaped = word + char, False
        elif char in _SPACE and not quote:
            if word:
                words.append(word)
            word = ""
        else:
            escaped = char == escape and quote != "'"
            if char in "'\"" and not escaped and quote in ("", char):
                quote = "" if quote else char
            word += char
    return [*words, word] if word else words


class _Scan:
    def __init__(self, text: str, escape: str, env: Mapping[str, str], quotes: str = "'\"") -> None:
        self._text = text
        self._quotes = quotes
        self._escape = escape
        self._env = env
        self._at = 0
        self._words: list[str] = []
        self._word: str | None = None

    def all(self) -> tuple[str, list[str]]:
        result = self._until("")
        if self._word is not None:
            self._words.append(self._word)
        return result, self._words

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _next(self) -> str:
        self._at += 1
        return self._text[self._at - 1 : self._at]

    def _raw(self, text: str) -> None:
        self._word = (self._word or "") + text

    def _split(self, text: str) -> None:
        for char in text:
            if char not in _SPACE:
                self._raw(char)
            elif self._word is not None:
                self._words.append(self._word)
                self._word = None

    def _until(self, stop: str) -> str:
        result = ""
        while char := self._peek():
            if char == stop:
                self._next()
                return result
            if char in self._quotes:
                piece = self._single() if char == "'" else self._double()
                self._raw(piece)
            elif char == "$":
                piece = self._dollar()
                self._split(piece)
            else:
                piece = self._plain()
            result += piece
        if stop:
            raise BadWord(f"it ends before the {stop!r} that is to come")
        return result

    def _plain(self) -> str:
        char = self._next()
        if char == self._escape:
            char = self._next()
            self._raw(char)
        else:
            self._split(char)
        return char

    def _single(self) -> str:
        self._next()
        end = self._text.find("'", self._at)
        if end < 0:
            raise BadWord("a single quote isn't closed")
        found = self._text[self._at : end]
        self._at = end + 1
        return found

    def _double(self) -> str:
        self._next()
        result = ""
        while (char := self._peek()) != '"':
            if not char:
                raise BadWord("a double quote isn't closed")
            if char == "$":
                result += self._dollar()
                continue
            self._next()
            if char == self._escape:
                following = self._peek()
                if not following:
                    raise BadWord("a double quote isn't closed")
                if following in ('"', "$", self._escape):
                    char = self._next()
            result += char
        self._next()
        return result

    def _dollar(self) -> str:
        self._next()
        if self._peek() != "{":
            name = self._name()
            return self._env.get(name, "") if name else "$"
        self._next()
        name = self._name()
        if not name:
            raise BadWord("'${' is followed by no name")
        return self._braced(name)

    def _braced(self, name: str) -> str:
        char = self._next()
        if char == "}":
            return self._env.get(name, "")
        value = self._env.get(name)
        if char == ":":
            value, char = value or None, self._next()
        if char not in ("-", "+", "?"):
            raise BadWord(f"'${{{name}{char}' is no substitution that is known")
        kept, self._words, outer, self._word = self._words, [], self._word, None
        other = self._until("}")
        self._words, self._word = kept, outer
        if char == "+":
            return other if value is not None else ""
        if value is None and char == "?":
            raise BadWord(f"{name}: {other or 'it is not set'}")
        return other if value is None else value

    def _name(self) -> str:
        char = self._peek()
        if char and char in _SPECIAL:
            return self._next()
        digits = char.isascii() and char.isdigit()
        start = self._at
        while (char := self._peek()) and _is_name(char) and (char.isdigit() or not digits):
            self._at += 1
        return self._text[start : self._at]


def _is_name(char: str) -> bool:
    return char.isascii() and (char.isalnum() or char == "_")
