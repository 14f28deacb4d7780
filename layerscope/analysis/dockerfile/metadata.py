"""Instructions that change the config alone: the history's words of them as a Dockerfile's.

Where the history lost quotes or blanks (``ENV A=one two``), the image's config may still tell what
was meant.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping

from layerscope.analysis.dockerfile.go_text import plain_list, quoted_list
from layerscope.analysis.dockerfile.health import parse_check
from layerscope.analysis.dockerfile.pairs import split_pairs
from layerscope.analysis.dockerfile.told import Told
from layerscope.analysis.dockerfile.words import (
    command_lines,
    escaped_word,
    json_list,
    json_texts,
    word,
)
from layerscope.oci.created_by import CreatedBy

_HAS_QUOTES = re.compile(r"[\"'\\$]")
_WRITTEN_NAME = re.compile(r"(?:^|\s)(\"[^\"]*\"|'[^']*'|[^\s=\"']+)=")
_OLD_FORM = re.compile(r"[^\s=\"']+(?:\s|$)")
_ARG = re.compile(r"\w+=(?:(?! \w+=).)*|\S+", re.DOTALL)
_PORT = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?(?:/(\w+))?")
_LAST_PORT = 65535


def said_metadata(made: CreatedBy, told: Told) -> str:
    """What follows the name of an instruction that changes the config; ``told`` learns of it."""
    return _SAID[made.name](made, told)


def pair_words(pairs: Mapping[str, str]) -> str:
    """Names and values as ENV and LABEL take them."""
    return " ".join(f"{word(name)}={word(value)}" for name, value in pairs.items())


def _env(made: CreatedBy, told: Told) -> str:
    text, pairs = _pairs(made, told.final_env)
    told.env.update(pairs)
    return text


def _label(made: CreatedBy, told: Told) -> str:
    text, pairs = _pairs(made, told.final.labels)
    told.labels.update(pairs)
    return text


def _pairs(made: CreatedBy, final: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """The words, and what they come to; of those that stand as they were written the config says
    it."""
    is_plain = not made.is_written or not _HAS_QUOTES.search(made.text)
    is_old = made.is_written and bool(_OLD_FORM.match(made.text))
    pairs, are_known = split_pairs(made.text, final)
    if not is_old and pairs and (are_known or is_plain):
        return pair_words(dict(pairs)), dict(pairs)
    names = [name.strip("\"'") for name in _WRITTEN_NAME.findall(made.text)]
    if is_old:
        names = made.text.split(" ", 1)[:1]
    return made.text, {name: final[name] for name in names if name in final}


def _arg(made: CreatedBy, told: Told) -> str:
    """Words after a value are taken to be more of it: an ARG mostly has one name."""
    if made.is_written:
        return made.text
    words = []
    for part in _ARG.findall(made.text):
        name, equals, value = part.partition("=")
        words.append(f"{name}={word(value)}" if equals else part)
        told.args[name] = value
    return " ".join(words)


def _cmd(made: CreatedBy, told: Told) -> str:
    text, told.cmd = _command(made, told, told.final.cmd)
    told.cmd_set = True
    return text


def _entrypoint(made: CreatedBy, told: Told) -> str:
    """It takes away a CMD of the image below."""
    text, told.entrypoint = _command(made, told, told.final.entrypoint)
    told.cmd = told.cmd if told.cmd_set else ()
    return text


def _command(made: CreatedBy, told: Told, final: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """A CMD or ENTRYPOINT as it reads, and the list that it is."""
    listed = json_texts(made.text)
    if listed is not None:
        return json_list(listed), listed
    quoted = quoted_list(made.text)
    if quoted is not None and quoted[1] == len(made.text):
        return _shell_form(quoted[0], told), quoted[0]
    guessed = plain_list(made.text, final)
    if guessed is None or (made.is_written and guessed != final):
        return made.text, (*told.shell, made.text)
    return json_list(guessed), guessed


def _shell_form(command: tuple[str, ...], told: Told) -> str:
    """Without the shell, where that says the same."""
    last = command[-1] if command else ""
    if command[:-1] != told.shell or not last or last != last.strip() or last.startswith("["):
        return json_list(command)
    lines = command_lines("CMD", last)
    return last if lines and "\n" not in last else json_list(command)


def _shell(made: CreatedBy, told: Told) -> str:
    listed = json_texts(made.text) if made.is_written else None
    told.own_shell = listed or plain_list(made.text, told.final.shell) or told.own_shell
    return json_list(told.own_shell) if told.own_shell else made.text


def _text_of(made: CreatedBy, final: str) -> tuple[str, str]:
    """One word that may have blanks in it, and what it comes to."""
    if made.is_written and _HAS_QUOTES.search(made.text) and made.text != final:
        return made.text, final
    return word(made.text), made.text


def _user(made: CreatedBy, told: Told) -> str:
    text, told.user = _text_of(made, told.final.user)
    return text


def _workdir(made: CreatedBy, told: Told) -> str:
    text, path = _text_of(made, told.final.working_dir)
    if told.os != "windows":
        whole = posixpath.normpath(posixpath.join(told.working_dir or "/", path))
        path = "/" + whole.lstrip("/")
    told.working_dir = path
    return text


def _stopsignal(made: CreatedBy, told: Told) -> str:
    text, told.stop_signal = _text_of(made, told.final.stop_signal)
    return text


def _expose(made: CreatedBy, told: Told) -> str:
    """Plain, as ``map[80/tcp:{}]``, or as ``[80/tcp]``: BuildKit has had both."""
    text = made.text.removeprefix("map").removeprefix("[").removesuffix("]").replace(":{}", "")
    if made.is_written and "$" in text:
        told.ports.update(told.final.exposed_ports)
    else:
        told.ports.update(port for one in text.split() for port in _ports(one))
    return text


def _ports(text: str) -> list[str]:
    found = _PORT.fullmatch(text)
    if found is None:
        return [text]
    first, last = int(found[1]), int(found[2] or found[1])
    return [f"{port}/{found[3] or 'tcp'}" for port in range(first, min(last, _LAST_PORT) + 1)]


def _volume(made: CreatedBy, told: Told) -> str:
    listed = json_texts(made.text) if made.is_written else None
    if made.is_written and (listed is not None or not made.text.startswith("[")):
        has_variables = "$" in made.text
        told.volumes.update(told.final.volumes if has_variables else listed or made.text.split())
        return made.text
    inner = made.text.removeprefix("[").removesuffix("]")
    volumes = _known_paths(inner.split(" "), told.final_volumes)
    told.volumes.update(volumes)
    if all(word(one) == one for one in volumes):
        return " ".join(volumes)
    return json_list([escaped_word(one) for one in volumes])


def _known_paths(parts: list[str], known: frozenset[str]) -> list[str]:
    """Paths of which some have blanks in them: as the config knows them."""
    if len(parts) == 1:
        return parts
    lengths = sorted({one.count(" ") + 1 for one in known} - {1}, reverse=True)
    paths: list[str] = []
    at = 0
    while at < len(parts):
        fits = (" ".join(parts[at : at + n]) for n in lengths if at + n <= len(parts))
        paths.append(next((path for path in fits if path in known), parts[at]))
        at += paths[-1].count(" ") + 1
    return paths


def _onbuild(made: CreatedBy, told: Told) -> str:
    told.on_build.append(made.text)
    return made.text


def _healthcheck(made: CreatedBy, told: Told) -> str:
    if made.is_written:
        told.healthcheck = dict(told.final.healthcheck or {})
        return made.text
    text, check = parse_check(made.text, told.final.healthcheck or {})
    told.healthcheck = {**{k: v for k, v in told.healthcheck.items() if k != "Test"}, **check}
    return text


def _maintainer(made: CreatedBy, told: Told) -> str:
    return made.text


_SAID: Mapping[str, Callable[[CreatedBy, Told], str]] = {
    "ENV": _env,
    "LABEL": _label,
    "ARG": _arg,
    "CMD": _cmd,
    "ENTRYPOINT": _entrypoint,
    "SHELL": _shell,
    "USER": _user,
    "WORKDIR": _workdir,
    "STOPSIGNAL": _stopsignal,
    "EXPOSE": _expose,
    "VOLUME": _volume,
    "ONBUILD": _onbuild,
    "HEALTHCHECK": _healthcheck,
    "MAINTAINER": _maintainer,
}
