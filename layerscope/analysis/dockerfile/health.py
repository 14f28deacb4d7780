"""HEALTHCHECK: a Dockerfile's words out of Go's print of Docker's structure, and of a config."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from layerscope.analysis.dockerfile.go_text import quoted_list, quoted_texts, unquoted
from layerscope.analysis.dockerfile.words import command_lines, json_list

_FLAGS = {
    "Interval": "interval",
    "Timeout": "timeout",
    "StartPeriod": "start-period",
    "StartInterval": "start-interval",
}
_NUMBER = re.compile(r" '(\\.[^']*|[^'\\]|\\')'\}$", re.DOTALL)
_UNITS = {"h": 3600 * 10**9, "m": 60 * 10**9, "s": 10**9, "ms": 10**6, "us": 1000, "µs": 1000}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|us|µs|h|m|s)")
_NOTHING = "\ufffd"

Check = Mapping[str, Any]


def parse_check(text: str, final: Check) -> tuple[str, dict[str, Any]]:
    """``&{["CMD" "ls"] "30s" "0s" "0s" '\\x03'}`` as words, and as a config has it.

    ``final`` is the image's config's: it knows a number that can't be read. What is no such text
    stays as it is.
    """
    test = quoted_list(text, len("&{")) if text.startswith("&{") else None
    if test is None:
        return text, {}
    times, end = quoted_texts(text, test[1])
    spans = zip(_FLAGS, map(_span, times), strict=False)
    found: dict[str, Any] = {"Test": list(test[0])}
    found |= {name: span for name, span in spans if span}
    number = _NUMBER.match(text, end)
    retries = unquoted(number[1]) if number else _NOTHING
    known = final.get("Retries") if retries == _NOTHING else ord(retries[0])
    found |= {"Retries": known} if known else {}
    return check_words(found), found


def check_words(check: Check) -> str:
    """What follows HEALTHCHECK for a config's health check."""
    test = [str(one) for one in check.get("Test") or ()]
    if test == ["NONE"]:
        return "NONE"
    flags = [
        f"--{flag}={_duration(check[name])} "
        for name, flag in _FLAGS.items()
        if isinstance(check.get(name), int) and check[name]
    ]
    if isinstance(check.get("Retries"), int) and check["Retries"]:
        flags.append(f"--retries={check['Retries']} ")
    return "".join(flags) + f"CMD {_command(test)}"


def _command(test: Sequence[str]) -> str:
    if test[:1] == ["CMD-SHELL"] and len(test) == 2:
        command = test[1]
        if command_lines("CMD", command) and "\n" not in command and not command.startswith("["):
            return command
        return json_list(["/bin/sh", "-c", command])
    return json_list(test[1:])


def _span(text: str) -> int:
    """Nanoseconds of Go's ``1m30s``."""
    return int(sum(float(number) * _UNITS[unit] for number, unit in _DURATION.findall(text)))


def _duration(total: int) -> str:
    """As a flag says it, in the largest unit that it is a whole number of."""
    for unit in ("h", "m", "s", "ms", "us"):
        if total % _UNITS[unit] == 0:
            return f"{total // _UNITS[unit]}{unit}"
    return f"{total // 1000}us"
