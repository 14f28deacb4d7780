"""Instructions out of a Dockerfile: what each says, with its flags, variables as they stand."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from layerscope.build.lines import BadDockerfile, Heredoc, Line, read_lines
from layerscope.build.words import bare_words

_FLAGS: Mapping[str, frozenset[str]] = {
    "FROM": frozenset(("platform",)),
    "COPY": frozenset(("from", "chown", "chmod", "link")),
    "ADD": frozenset(("chown", "chmod", "link")),
    "RUN": frozenset(("network",)),
    "HEALTHCHECK": frozenset(("interval", "timeout", "start-period", "retries")),
}
_NO_TRIGGER = frozenset(("FROM", "MAINTAINER", "ONBUILD"))


class Instruction(NamedTuple):
    """One instruction. ``text`` is all of it on one line, ``line`` where it starts.

    ``args`` by name: ENV and LABEL names and values in turn; ARG ``NAME[=VALUE]``; COPY and ADD
    the sources, then the destination; RUN, CMD, ENTRYPOINT, HEALTHCHECK a list where ``exec``, else
    one text for the shell; ONBUILD the instruction to come.
    """

    name: str
    args: tuple[str, ...]
    text: str
    line: int
    flags: Mapping[str, str] = MappingProxyType({})
    exec: bool = False
    heredocs: tuple[Heredoc, ...] = ()


class Dockerfile(NamedTuple):
    """A whole one; ``file`` is its name for errors, ``text`` what stands in it."""

    file: str
    instructions: tuple[Instruction, ...]
    escape: str
    text: str


def parse_dockerfile(text: str, file: str) -> Dockerfile:
    """Read one. Raises BadDockerfile with file and line."""
    read = read_lines(text, file)
    found = tuple(_parse(line, file, read.escape) for line in read.lines)
    if not found:
        raise BadDockerfile(file, 0, "there is no instruction in it")
    return Dockerfile(file, found, read.escape, text)


def parse_trigger(text: str, file: str, line: int) -> Instruction:
    """An instruction that a base image's ONBUILD left. Raises BadDockerfile."""
    read = read_lines(text, file)
    if len(read.lines) != 1:
        raise BadDockerfile(
            file, line, f"the base image's ONBUILD is no instruction: {text[:80]!r}"
        )
    made = read.lines[0]
    return _parse(Line(line, made.text, made.heredocs), file, read.escape)


class _Read(NamedTuple):
    """An instruction's text, cut up so far."""

    name: str
    rest: str
    line: Line
    file: str
    escape: str

    def bad(self, why: str, hint: str | None = None) -> BadDockerfile:
        return BadDockerfile(self.file, self.line.number, f"{self.name}: {why}", hint)


def _parse(line: Line, file: str, escape: str) -> Instruction:
    word, _, rest = _partition(line.text)
    name = word.upper()
    read = _Read(name, rest, line, file, escape)
    parser = _PARSERS.get(name)
    if parser is None:
        raise BadDockerfile(file, line.number, f"unknown instruction {word[:40]!r}")
    flags, rest = _flags(read)
    read = _Read(name, rest, line, file, escape)
    if not rest and name not in ("CMD", "ENTRYPOINT"):
        raise read.bad("it needs an argument")
    args, is_exec = parser(read)
    text = f"{name} {line.text[len(word) :].strip()}".strip()
    return Instruction(name, args, text, line.number, flags, is_exec, line.heredocs)


def _partition(text: str) -> tuple[str, str, str]:
    found = re.match(r"(\S+)(\s*)(.*)", text, re.DOTALL)
    assert found is not None
    return found[1], found[2], found[3].strip()


def _flags(read: _Read) -> tuple[dict[str, str], str]:
    """The ``--NAME=VALUE`` at the start, and what is left."""
    flags: dict[str, str] = {}
    rest = read.rest
    if read.name not in _FLAGS:
        return flags, rest
    while rest.startswith("--"):
        word, _, after = _partition(rest)
        if word == "--":
            return flags, after
        name, equals, value = word[2:].partition("=")
        if name not in _FLAGS[read.name]:
            known = ", ".join(f"--{one}" for one in sorted(_FLAGS[read.name]))
            raise read.bad(f"it has no flag --{name[:40]}; there are {known}")
        if name in flags:
            raise read.bad(f"--{name} stands there twice")
        if name == "link":
            value = value or "true"
        elif not equals or not value:
            raise read.bad(f"--{name} needs a value")
        flags[name], rest = value, after
    return flags, rest


_Args = tuple[tuple[str, ...], bool]


def _json(read: _Read, rest: str | None = None) -> tuple[str, ...] | None:
    """A JSON list of texts, None where it is none and so words for a shell."""
    text = read.rest if rest is None else rest
    if not text.startswith("["):
        return None
    try:
        values = json.loads(text, parse_constant=_no_json)
    except (ValueError, RecursionError):
        return None
    if not all(isinstance(value, str) for value in values):
        raise read.bad("a JSON list has texts alone")
    return tuple(values)


def _no_json(constant: str) -> None:
    """What Python alone takes for JSON."""
    raise ValueError(constant)


def _command(read: _Read) -> _Args:
    values = _json(read)
    if values is not None:
        return values, True
    text = read.rest
    for heredoc in read.line.heredocs if read.name == "RUN" else ():
        text += f"\n{heredoc.content}{heredoc.name}"
    return ((text,) if text else ()), False


def _words_or_json(read: _Read) -> _Args:
    values = _json(read)
    return (values, True) if values is not None else (tuple(read.rest.split()), False)


def _copy(read: _Read) -> _Args:
    args, is_exec = _words_or_json(read)
    if len(args) < 2:
        raise read.bad("it needs a source and a destination")
    return args, is_exec


def _shell(read: _Read) -> _Args:
    values = _json(read)
    if not values:
        raise read.bad('it wants a JSON list, as in SHELL ["/bin/sh", "-c"]')
    return values, True


def _pairs(read: _Read) -> _Args:
    """Names and values in turn; the old form is one name and all the rest."""
    words = bare_words(read.rest, read.escape)
    if "=" not in words[0]:
        name, _, value = _partition(read.rest)
        if not value:
            raise read.bad(f"{name!r} has no value")
        return (name, value), False
    found: list[str] = []
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            raise read.bad(f"{word[:80]!r} isn't NAME=VALUE")
        if not name:
            raise read.bad("a name is empty")
        found += (name, value)
    return tuple(found), False


def _arg(read: _Read) -> _Args:
    words = tuple(bare_words(read.rest, read.escape))
    if any(word.startswith("=") for word in words):
        raise read.bad("a name is empty")
    return words, False


def _from(read: _Read) -> _Args:
    words = tuple(read.rest.split())
    if len(words) == 1:
        return words, False
    if len(words) != 3 or words[1].upper() != "AS":
        raise read.bad("it isn't IMAGE [AS NAME]")
    stage = words[2].lower()
    if not re.fullmatch(r"[a-z][a-z0-9_.-]*", stage):
        raise read.bad(f"{words[2][:80]!r} is no name for a stage")
    return (words[0], stage), False


def _text(read: _Read) -> _Args:
    return (read.rest,), False


def _one(read: _Read) -> _Args:
    if len(read.rest.split()) != 1 and not any(quote in read.rest for quote in "'\"$"):
        raise read.bad("it wants one argument")
    return (read.rest,), False


def _expose(read: _Read) -> _Args:
    """Sorted as they are written, as Docker's history has them."""
    return tuple(sorted(read.rest.split())), False


def _healthcheck(read: _Read) -> _Args:
    word, _, rest = _partition(read.rest)
    if word.upper() == "NONE":
        if rest:
            raise read.bad("NONE takes no argument")
        return ("NONE",), False
    if word.upper() != "CMD":
        raise read.bad(f"it is NONE or CMD, not {word[:40]!r}")
    values = _json(read, rest)
    if values is not None:
        return ("CMD", *values), True
    if not rest:
        raise read.bad("CMD needs a command")
    return ("CMD-SHELL", rest), False


def _onbuild(read: _Read) -> _Args:
    trigger = _partition(read.rest)[0].upper()
    if trigger in _NO_TRIGGER:
        raise read.bad(f"{trigger} can't be a trigger")
    whole = Line(read.line.number, read.rest, read.line.heredocs)
    _parse(whole, read.file, read.escape)
    text = read.rest + "".join(f"\n{one.content}{one.name}" for one in read.line.heredocs)
    return (text,), False


_PARSERS: Mapping[str, Callable[[_Read], _Args]] = {
    "FROM": _from,
    "RUN": _command,
    "CMD": _command,
    "ENTRYPOINT": _command,
    "COPY": _copy,
    "ADD": _copy,
    "ENV": _pairs,
    "LABEL": _pairs,
    "WORKDIR": _text,
    "USER": _text,
    "EXPOSE": _expose,
    "VOLUME": _words_or_json,
    "SHELL": _shell,
    "ARG": _arg,
    "HEALTHCHECK": _healthcheck,
    "STOPSIGNAL": _one,
    "ONBUILD": _onbuild,
    "MAINTAINER": _text,
}
