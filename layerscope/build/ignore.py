"""Which files of a context stay behind: ``.dockerignore`` by Docker's rules, which are not git's.

Patterns are Go's filepath.Match with ``**`` for any number of folders; they start at the context's
root, ``!`` takes back what was left out, and the last pattern that matches decides (Docker's
reference, ".dockerignore file"; moby's patternmatcher).
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterator
from typing import NamedTuple

from layerscope.errors import LayerscopeError


class BadPattern(LayerscopeError):
    """A pattern that is none."""


class _Pattern(NamedTuple):
    text: str
    regex: re.Pattern[str]
    keeps: bool

    def matches(self, path: str) -> bool:
        """Whether it means the path, or a folder that it lies in."""
        end = len(path)
        while end > 0:
            if self.regex.fullmatch(path[:end]):
                return True
            end = path.rfind("/", 0, end)
        return False


class Ignore:
    """The patterns of one file. Paths are relative to the context, ``/`` between names."""

    def __init__(self, text: str = "", file: str = ".dockerignore") -> None:
        """Raises BadPattern."""
        self._patterns = tuple(_patterns(text, file))
        self._keeping = tuple(one.text for one in self._patterns if one.keeps)

    def __bool__(self) -> bool:
        return bool(self._patterns)

    def leaves_out(self, path: bytes) -> bool:
        """Whether the file or folder itself stays behind."""
        name, out = os.fsdecode(path), False
        for pattern in self._patterns:
            if out == pattern.keeps and pattern.matches(name):
                out = not pattern.keeps
        return out

    def may_keep_below(self, folder: bytes) -> bool:
        """Whether some pattern with ``!`` names something in a folder that stays behind."""
        name = os.fsdecode(folder) + "/"
        return any((text + "/").startswith(name) for text in self._keeping)


def _patterns(text: str, file: str) -> Iterator[_Pattern]:
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), 1):
        if line.startswith("#") or not line.strip():
            continue
        keeps = line.strip().startswith("!")
        bare = line.strip().removeprefix("!").strip() if keeps else line.strip()
        if not bare:
            raise BadPattern(f"{file}:{number}", "'!' stands there without a pattern")
        clean = posixpath.normpath(bare)
        if len(clean) > 1:
            clean = clean.lstrip("/")
        try:
            yield _Pattern(clean, match_regex(clean, stars=True), keeps)
        except (ValueError, re.error):
            raise BadPattern(f"{file}:{number}", f"{bare[:80]!r} is no pattern") from None


def match_regex(pattern: str, *, stars: bool = False) -> re.Pattern[str]:
    """Go's filepath.Match as a regular expression; with ``stars``, ``**`` means any folders.

    Raises ValueError for a bracket that isn't closed and an escape of nothing.
    """
    out, at = "", 0
    while at < len(pattern):
        char = pattern[at]
        at += 1
        if stars and char == "*" and pattern[at : at + 1] == "*":
            at += 1
            slash = pattern[at : at + 1] == "/"
            at += slash
            out += ".*" if at == len(pattern) and not slash else "(?:.*/)?"
        elif char in "*?":
            out += "[^/]*" if char == "*" else "[^/]"
        elif char == "[":
            piece, at = _bracket(pattern, at)
            out += piece
        elif char == "\\":
            if at == len(pattern):
                raise ValueError(pattern)
            out += re.escape(pattern[at])
            at += 1
        else:
            out += re.escape(char)
    return re.compile(out, re.DOTALL)


def _bracket(pattern: str, at: int) -> tuple[str, int]:
    """A character class whose bracket is open, and where it ends."""
    out = "["
    if pattern[at : at + 1] == "^":
        out, at = "[^", at + 1
    start = at
    while at < len(pattern) and (pattern[at] != "]" or at == start):
        char = pattern[at]
        if char == "\\":
            at += 1
            char = pattern[at : at + 1]
            if not char:
                raise ValueError(pattern)
        out += char if char == "-" else re.escape(char)
        at += 1
    if at >= len(pattern) or at == start:
        raise ValueError(pattern)
    return (out + "]" if not out.startswith("[^") else out + "/]"), at + 1
