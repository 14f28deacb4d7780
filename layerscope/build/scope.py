"""Variables: what ARG and ENV make known, where, and with which value.

An ARG before the first FROM is known in FROM lines only, until a stage asks for it; one in a stage
from there on. ENV wins over ARG (Docker's reference, "ARG").
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from layerscope.build.words import Lexer
from layerscope.oci.platform import Platform

_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY")
PREDEFINED = frozenset((*_PROXIES, *(name.lower() for name in _PROXIES)))


class Scope:
    """The variables of one stage, or of the lines before the first."""

    def __init__(self, given: Mapping[str, str], known: Mapping[str, str], escape: str) -> None:
        """``given`` are the ``--build-arg``, ``known`` what ARG without a value finds."""
        self._given = given
        self._known = known
        self.lexer = Lexer(escape)
        self.args: dict[str, str | None] = {}

    def declare(self, words: Iterable[str], env: Mapping[str, str]) -> list[str]:
        """An ARG's words; they as the history says them. Raises BadWord."""
        said = []
        for word in words:
            name, equals, value = word.partition("=")
            name = self.lexer.process(name, {})
            default = self.lexer.process(value, self.values(env)) if equals else None
            said.append(name if default is None else f"{name}={default}")
            otherwise = self._known.get(name) if default is None else default
            self.args[name] = self._given.get(name, otherwise)
        return said

    def values(self, env: Mapping[str, str]) -> dict[str, str]:
        """What a variable in this place stands for."""
        args = {name: value for name, value in self.args.items() if value is not None}
        return {**args, **env}

    def for_command(self, env: Mapping[str, str]) -> dict[str, str]:
        """The arguments that a RUN gets in its environment, by name."""
        found = {name: value for name, value in self._given.items() if name in PREDEFINED}
        found |= {name: value for name, value in self.args.items() if value is not None}
        return {name: found[name] for name in sorted(found) if name not in env}

    def that_count(self, args: Mapping[str, str]) -> dict[str, str]:
        """Those that tell a RUN from another: a proxy that no ARG asks for is none of them."""
        return {
            name: value
            for name, value in args.items()
            if name in self.args or name not in PREDEFINED
        }

    def said(self, args: Mapping[str, str]) -> str:
        """How the history of a RUN begins: ``|2 A=1 B=2 ``; proxies are not told of."""
        if not args:
            return ""
        told = [f"{name}={value}" for name, value in self.that_count(args).items()]
        return " ".join((f"|{len(told)}", *told)) + " "


def platform_args(target: Platform) -> dict[str, str]:
    """What Docker predefines of platforms; they are known in FROM lines, and where asked for."""
    values = {}
    for prefix, platform in (("TARGET", target), ("BUILD", Platform.host())):
        values[f"{prefix}PLATFORM"] = str(platform)
        values[f"{prefix}OS"] = platform.os
        values[f"{prefix}ARCH"] = platform.architecture
        values[f"{prefix}VARIANT"] = platform.variant
    return values
