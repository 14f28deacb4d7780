"""Instructions that change the config alone, and the words that Docker's builder keeps of them."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from layerscope.errors import LayerscopeError
from layerscope.oci.runtime_config import RuntimeConfig
from layerscope.signals import signal_number

DEFAULT_SHELL = ("/bin/sh", "-c")
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r", "\a": "\\a"}
_ESCAPES |= {"\b": "\\b", "\f": "\\f", "\v": "\\v"}
_UNITS = {"h": 3600 * 10**9, "m": 60 * 10**9, "s": 10**9, "ms": 10**6, "ns": 1}
_UNITS |= dict.fromkeys(("us", "\u00b5s", "\u03bcs"), 1000)
_TIME = re.compile(rf"(\d+\.?\d*|\.\d+)({'|'.join(sorted(_UNITS, reverse=True))})", re.ASCII)
_PORT = re.compile(r"(\d+)(?:-(\d+))?(?:/(tcp|udp|sctp)?)?", re.IGNORECASE | re.ASCII)
_NUMBER = re.compile(r"[+-]?\d{1,18}", re.ASCII)
_MAX_PORT = 65535
_MAX_TIME = 1 << 63
_MAX_RETRIES = 1 << 31


class BadArgument(ValueError):
    """An argument that an instruction can't take; its text says why."""


class Words(NamedTuple):
    """An instruction with its variables replaced; ``exec`` as it was written."""

    name: str
    args: tuple[str, ...]
    flags: Mapping[str, str]
    exec: bool


class Change(NamedTuple):
    """What became of the config, and what the history says after ``#(nop)``."""

    config: RuntimeConfig
    comment: str


def shell_of(config: RuntimeConfig) -> tuple[str, ...]:
    """What runs a command that is one text."""
    return config.shell or DEFAULT_SHELL


def nop(config: RuntimeConfig, comment: str) -> str:
    """The history's words for a step that runs nothing, as Docker's classic builder has them."""
    return " ".join((*shell_of(config), "#(nop) ", comment))


def change(config: RuntimeConfig, words: Words, cmd_set: bool) -> Change:
    """Apply a metadata instruction; ``cmd_set``: this stage has had a CMD. Raises BadArgument."""
    if words.name == "ENTRYPOINT":
        return _entrypoint(config, words, cmd_set)
    return _CHANGES[words.name](config, words)


def _pairs(args: Sequence[str]) -> list[tuple[str, str]]:
    return list(zip(args[::2], args[1::2], strict=True))


def _env(config: RuntimeConfig, words: Words) -> Change:
    env = list(config.env)
    for name, value in _pairs(words.args):
        if not name:
            raise BadArgument("a name is empty")
        entry = f"{name}={value}"
        places = [n for n, one in enumerate(env) if one.partition("=")[0] == name]
        if places:
            env[places[0]] = entry
        else:
            env.append(entry)
    comment = "ENV " + " ".join(f"{name}={value}" for name, value in _pairs(words.args))
    return Change(config._replace(env=tuple(env)), comment)


def _label(config: RuntimeConfig, words: Words) -> Change:
    labels = {**config.labels, **dict(_pairs(words.args))}
    comment = "LABEL " + " ".join(f"{name}={value}" for name, value in _pairs(words.args))
    return Change(config._replace(labels=labels), comment)


def _user(config: RuntimeConfig, words: Words) -> Change:
    return Change(config._replace(user=words.args[0]), f"USER {words.args[0]}")


def working_dir(config: RuntimeConfig, path: str) -> str:
    """Where WORKDIR leads: from the last one, or from the root."""
    joined = posixpath.normpath(posixpath.join(config.working_dir or "/", path))
    return "/" + joined.lstrip("/")


def _workdir(config: RuntimeConfig, words: Words) -> Change:
    if not words.args[0]:
        raise BadArgument("the path is empty")
    path = working_dir(config, words.args[0])
    return Change(config._replace(working_dir=path), f"WORKDIR {path}")


def _expose(config: RuntimeConfig, words: Words) -> Change:
    ports: set[str] = set(config.exposed_ports)
    for text in words.args:
        ports.update(_ports(text))
    comment = "EXPOSE " + " ".join(words.args)
    return Change(config._replace(exposed_ports=tuple(sorted(ports))), comment)


def _ports(text: str) -> list[str]:
    found = _PORT.fullmatch(text.rpartition(":")[2])
    first = int(found[1]) if found else 0
    last = int(found[2] or first) if found else 0
    if found is None or not 0 <= first <= last <= _MAX_PORT:
        raise BadArgument(f"{text[:40]!r} is no port")
    return [f"{port}/{(found[3] or 'tcp').lower()}" for port in range(first, last + 1)]


def _volume(config: RuntimeConfig, words: Words) -> Change:
    if not words.args or not all(one.strip() for one in words.args):
        raise BadArgument("a path is empty")
    volumes = tuple(sorted({*config.volumes, *words.args}))
    return Change(config._replace(volumes=volumes), f"VOLUME [{' '.join(words.args)}]")


def _cmd(config: RuntimeConfig, words: Words) -> Change:
    # Without a command it is the shell alone, as with Docker; an ENTRYPOINT is none then.
    command = words.args if words.exec else (*shell_of(config), *words.args)
    return Change(config._replace(cmd=command), f"CMD {quoted_list(command)}")


def _entrypoint(config: RuntimeConfig, words: Words, cmd_set: bool) -> Change:
    shell = shell_of(config) if words.args and not words.exec else ()
    command = (*shell, *words.args)
    cmd = config.cmd if cmd_set else ()
    return Change(
        config._replace(entrypoint=command, cmd=cmd), f"ENTRYPOINT {quoted_list(command)}"
    )


def _shell(config: RuntimeConfig, words: Words) -> Change:
    return Change(config._replace(shell=words.args), f"SHELL [{' '.join(words.args)}]")


def _stopsignal(config: RuntimeConfig, words: Words) -> Change:
    text = words.args[0]
    if not _is_signal(text):
        raise BadArgument(f"{text[:40]!r} is no signal")
    return Change(config._replace(stop_signal=text), f"STOPSIGNAL {text}")


def _is_signal(text: str) -> bool:
    """Any number but 0, as with Docker: what it means is the system's that runs the image."""
    if _NUMBER.fullmatch(text):
        return int(text) != 0
    try:
        signal_number(text)
    except LayerscopeError:
        return False
    return True


def _onbuild(config: RuntimeConfig, words: Words) -> Change:
    changed = config._replace(on_build=(*config.on_build, words.args[0]))
    return Change(changed, f"ONBUILD {words.args[0]}")


def _healthcheck(config: RuntimeConfig, words: Words) -> Change:
    test = list(words.args)
    flags = {} if test == ["NONE"] else words.flags
    given = {
        "Interval": _duration(flags.get("interval")),
        "Timeout": _duration(flags.get("timeout")),
        "StartPeriod": _duration(flags.get("start-period")),
        "Retries": _retries(flags.get("retries")),
    }
    # What isn't given stays as an earlier HEALTHCHECK said, as with Docker.
    before: Mapping[str, Any] = config.healthcheck or {}
    kept = {key: value or before.get(key, 0) for key, value in given.items()}
    changed = {"Test": test} | {key: value for key, value in kept.items() if value}
    times = " ".join(f'"{_go_duration(given[key])}"' for key in tuple(given)[:3])
    rune = _go_rune(given["Retries"])
    comment = f"HEALTHCHECK &{{{quoted_list(test)} {times} {rune}}}"
    return Change(config._replace(healthcheck=changed), comment)


def _duration(text: str | None) -> int:
    """Nanoseconds of Go's ``1m30s``; 0 where nothing is said."""
    if text is None:
        return 0
    found = _TIME.findall(text)
    total = int(sum(Decimal(number) * _UNITS[unit] for number, unit in found))
    is_whole = "".join(number + unit for number, unit in found) == text.removeprefix("+")
    if text != "0" and (not found or not is_whole or total >= _MAX_TIME):
        raise BadArgument(f"{text[:40]!r} is no time such as 30s or 1m30s")
    if total < _UNITS["ms"]:
        raise BadArgument(f"{text[:40]!r} is less than a millisecond")
    return total


def _retries(text: str | None) -> int:
    if text is None:
        return 0
    if not _NUMBER.fullmatch(text) or not 0 < int(text) < _MAX_RETRIES:
        raise BadArgument(f"--retries={text[:40]} is no number from 1 on")
    return int(text)


def _go_duration(total: int) -> str:
    """As Go prints a duration: ``1m30s``, ``500ms``, ``0s``."""
    if total < _UNITS["s"]:
        return f"{total / _UNITS['ms']:g}ms" if total else "0s"
    hours, rest = divmod(total, _UNITS["h"])
    minutes, rest = divmod(rest, _UNITS["m"])
    text = f"{rest / _UNITS['s']:.9f}".rstrip("0").rstrip(".") + "s"
    if minutes or hours:
        text = f"{minutes}m{text}"
    return f"{hours}h{text}" if hours else text


def _go_rune(number: int) -> str:
    """As Go's %q prints a number: the character of that number in single quotes."""
    char = chr(number) if number < 0x110000 else "\ufffd"
    if char == "'":
        return "'\\''"
    return "'" + (char if char == '"' else _go_char(char)) + "'"


def quoted_list(texts: Sequence[str]) -> str:
    """As Go's %q prints a list of texts."""
    quoted = ('"' + "".join(_go_char(char) for char in text) + '"' for text in texts)
    return "[" + " ".join(quoted) + "]"


def _go_char(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    if char.isprintable():
        return char
    number = ord(char)
    if number < 0x80:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


_CHANGES: Mapping[str, Callable[[RuntimeConfig, Words], Change]] = {
    "ENV": _env,
    "LABEL": _label,
    "USER": _user,
    "WORKDIR": _workdir,
    "EXPOSE": _expose,
    "VOLUME": _volume,
    "CMD": _cmd,
    "SHELL": _shell,
    "STOPSIGNAL": _stopsignal,
    "ONBUILD": _onbuild,
    "HEALTHCHECK": _healthcheck,
}
