"""A Dockerfile's logical lines: directives read, comments gone, continuations joined, heredocs cut.

The rules are those of Docker's reference ("Parser directives", "Here-documents") and of its parser.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from layerscope.build.words import Lexer, bare_words
from layerscope.errors import LayerscopeError

_DIRECTIVE = re.compile(r"#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*$")
_HEREDOC = re.compile(r"\d*<<(-?)([^<]+)$")
_KNOWN = frozenset(("syntax", "escape", "check"))
_WITH_HEREDOCS = frozenset(("RUN", "COPY", "ADD"))
# Far above any Dockerfile; a file beyond it is something else.
MAX_BYTES = 8 << 20
_MAX_LINE = 65535


class BadDockerfile(LayerscopeError):
    """A Dockerfile that cannot be understood; ``what`` names the file and the line."""

    def __init__(self, file: str, line: int, why: str, hint: str | None = None) -> None:
        super().__init__(f"{file}:{line}" if line else file, why, hint)
        self.line = line


class Heredoc(NamedTuple):
    """A file that stands in the Dockerfile. ``expand``: variables in it mean something."""

    name: str
    content: str
    expand: bool


class Line(NamedTuple):
    """A logical line: where it starts, counted from 1, and what it says."""

    number: int
    text: str
    heredocs: tuple[Heredoc, ...] = ()


class Lines(NamedTuple):
    """All logical lines, and the character that escapes in them."""

    lines: tuple[Line, ...]
    escape: str


def read_lines(text: str, file: str) -> Lines:
    """Cut a Dockerfile into logical lines. Raises BadDockerfile."""
    physical = text.removeprefix("\ufeff").split("\n")
    physical = [line.removesuffix("\r") for line in physical]
    for number, line in enumerate(physical, 1):
        if len(line) > _MAX_LINE:
            raise BadDockerfile(file, number, f"the line is longer than {_MAX_LINE} characters")
    escape = _escape(physical, file)
    return Lines(tuple(_Reader(physical, file, escape).lines()), escape)


def _escape(physical: list[str], file: str) -> str:
    """The escape character that the directives at the top name."""
    seen: dict[str, str] = {}
    for number, line in enumerate(physical, 1):
        found = _DIRECTIVE.match(line.strip())
        if found is None or found[1].lower() not in _KNOWN:
            break
        name, value = found[1].lower(), found[2]
        if name in seen:
            raise BadDockerfile(file, number, f"the directive {name!r} stands there twice")
        seen[name] = value
        if name == "escape" and value not in ("\\", "`"):
            raise BadDockerfile(file, number, f"the escape character can be \\ or `, not {value!r}")
    return seen.get("escape", "\\")


class _Reader:
    def __init__(self, physical: list[str], file: str, escape: str) -> None:
        self._physical = physical
        self._file = file
        self._escape = escape
        quoted = re.escape(escape)
        self._goes_on = re.compile(rf"(?:(?<=[^{quoted}])|^){quoted}[ \t]*$")
        self._at = 0

    def lines(self) -> Iterator[Line]:
        while self._at < len(self._physical):
            number = self._at + 1
            first = self._take().strip()
            if not first or first.startswith("#"):
                continue
            text = self._joined(first)
            yield Line(number, text, tuple(self._heredocs(text, number)))

    def _take(self) -> str:
        self._at += 1
        return self._physical[self._at - 1]

    def _joined(self, line: str) -> str:
        """The line with those that it goes on in; comments and empty lines between are none."""
        text = ""
        while found := self._goes_on.search(line):
            text += line[: found.start()]
            line = ""
            while self._at < len(self._physical):
                line = self._take()
                if line.strip() and not line.lstrip().startswith("#"):
                    break
                line = ""
        return (text + line).rstrip()

    def _heredocs(self, text: str, number: int) -> Iterator[Heredoc]:
        words = bare_words(text, self._escape)
        name = words[0].upper() if words else ""
        if name == "ONBUILD" and len(words) > 1:
            name = words[1].upper()
        if name not in _WITH_HEREDOCS or "<<" not in text:
            return
        for word in words[1:]:
            found = _HEREDOC.match(word)
            if found is None:
                continue
            end = Lexer(self._escape).process(found[2], {})
            expand = not any(quote in found[2] for quote in "'\"" + self._escape)
            yield Heredoc(end, self._content(end, bool(found[1]), number), expand)

    def _content(self, end: str, chomp: bool, number: int) -> str:
        content: list[str] = []
        while self._at < len(self._physical):
            line = self._take()
            bare = line.lstrip("\t") if chomp else line
            if bare == end:
                return "".join(content)
            content.append(bare + "\n")
        raise BadDockerfile(self._file, number, f"the heredoc {end!r} doesn't end")
