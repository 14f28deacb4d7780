"""Texts as a Dockerfile says them: words in quotes, JSON lists, comments, commands in lines.

What stands here is what Docker's parser makes the same texts of (Docker's reference, "Format",
"Escape", "Here-documents").
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from itertools import count

_NEEDS_QUOTES = re.compile(r"[\s\"'\\$]")
_IN_QUOTES = re.compile(r"[\"\\$]")
_IN_WORDS = re.compile(r"[\"'\\$]")
_GOES_ON = re.compile(r"(?:(?<=[^\\])|^)\\[ \t]*$")
_HEREDOC = re.compile(r"\d*<<-?(['\"]?)([^<'\"]+)\1")
# Blanks where a line of the Dockerfile went on in the next; quotes and escapes are passed over.
_BLANKS = re.compile(r"'[^']*'|\"(?:\\.|[^\"\\])*\"|\\.|((?:[ \t]{2,}|\t)(?=[^\s#]))")
_LONG = 72


def word(text: str) -> str:
    """One word; in quotes where it has to be."""
    if text and not _NEEDS_QUOTES.search(text):
        return text
    return '"' + _IN_QUOTES.sub(r"\\\g<0>", text) + '"'


def escaped_word(text: str) -> str:
    """The same without quotes around it: blanks stay, and what means something is escaped."""
    return _IN_WORDS.sub(r"\\\g<0>", text)


def json_list(texts: Sequence[str]) -> str:
    """An exec form."""
    is_plain = all(text.isprintable() for text in texts)
    return json.dumps(list(texts), ensure_ascii=not is_plain)


def json_texts(text: str) -> tuple[str, ...] | None:
    """The texts of an exec form, None where it is none and so words for a shell."""
    if not text.startswith("["):
        return None
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        return None
    return tuple(values)


def one_line(text: str) -> str:
    """A text in one line, control characters escaped, tabs kept."""
    return "".join(
        c if c.isprintable() or c == "\t" else c.encode("unicode_escape").decode() for c in text
    )


def comment(text: str) -> str:
    """A line of comment."""
    shown = one_line(text)
    return shown if shown.startswith("#") else f"# {shown}"


def is_sayable(text: str) -> bool:
    """Whether a line of a Dockerfile can say it."""
    return text.isprintable() or text.replace("\t", "").isprintable()


def command_lines(head: str, command: str) -> tuple[str, ...] | None:
    """``head`` (as ``RUN``) and a shell's command as lines of a Dockerfile.

    None where only an exec form can say it.
    """
    lines = command.split("\n")
    if not all(map(is_sayable, lines)):
        return None
    if len(lines) > 1:
        return _several(head, command, lines)
    if _GOES_ON.search(command) or any(map(_HEREDOC.fullmatch, command.split())):
        return None
    return _broken(f"{head} {command}")


def _several(head: str, command: str, lines: list[str]) -> tuple[str, ...] | None:
    """A command with line breaks: heredocs of its own, or one around it."""
    ends = [found[2] for part in lines[0].split() if (found := _HEREDOC.fullmatch(part))]
    if ends:
        ended = [line for line in lines[1:] if line in ends] == ends and lines[-1] == ends[-1]
        return (f"{head} {lines[0]}", *lines[1:]) if ended else None
    if command.startswith("#!"):
        return None
    taken = set(lines)
    end = next(name for n in count() if (name := f"EOF{n or ''}") not in taken)
    body = lines[:-1] if not lines[-1] else lines
    return (f"{head} <<{end}", *body, end)


def _broken(text: str) -> tuple[str, ...]:
    """A long line broken where it seems to have been; joined it is the same, blank by blank."""
    if len(text) <= _LONG:
        return (text,)
    lines = []
    start = 0
    for found in _BLANKS.finditer(text):
        if found[1]:
            at = found.start(1) + 1
            lines.append(text[start:at] + "\\")
            start = at
    return (*lines, text[start:])
