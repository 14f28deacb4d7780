"""Styles as the codes of a terminal, and the shortest way from one to another (ECMA-48, SGR)."""

from __future__ import annotations

from dataclasses import dataclass

from rich.color import ColorSystem
from rich.style import Style

RESET = "\x1b[0m"
_ATTRIBUTES = ("bold", "dim", "italic", "underline", "blink", "reverse", "strike")
_CODES = dict(zip(_ATTRIBUTES, "1234579", strict=True))


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """Codes that are on, and those of the two colours; a colour without one is the terminal's."""

    attributes: frozenset[str]
    foreground: str
    background: str


def look_of(style: Style | None, colors: ColorSystem) -> Look:
    """What a style looks like on a terminal with these colours."""
    if style is None:
        return Look(frozenset(), "39", "49")
    on = frozenset(code for name, code in _CODES.items() if getattr(style, name))
    front = style.color.downgrade(colors).get_ansi_codes() if style.color else ("39",)
    back = (
        style.bgcolor.downgrade(colors).get_ansi_codes(foreground=False)
        if style.bgcolor
        else ("49",)
    )
    return Look(on, ";".join(front), ";".join(back))


def change(now: Look | None, wanted: Look) -> str:
    """The code that leads from one look to another; None is a terminal just reset."""
    if now is None:
        now = _PLAIN
    codes: list[str] = []
    if not now.attributes <= wanted.attributes:
        codes.append("0")
        now = _PLAIN
    codes += sorted(wanted.attributes - now.attributes)
    if wanted.foreground != now.foreground:
        codes.append(wanted.foreground)
    if wanted.background != now.background:
        codes.append(wanted.background)
    return f"\x1b[{';'.join(codes)}m" if codes else ""


_PLAIN = look_of(None, ColorSystem.STANDARD)
