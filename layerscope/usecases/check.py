"""A gate for CI: dive's three rules on an image's waste."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from layerscope.analysis.efficiency import Efficiency
from layerscope.errors import UsageError

LOWEST_EFFICIENCY = "lowestEfficiency"
HIGHEST_WASTED_BYTES = "highestWastedBytes"
HIGHEST_USER_WASTED_PERCENT = "highestUserWastedPercent"

# dive's own, where nobody says otherwise (dive v0.13, cmd/dive/cli/internal/options).
DEFAULTS: Mapping[str, str] = {
    LOWEST_EFFICIENCY: "0.9",
    HIGHEST_WASTED_BYTES: "disabled",
    HIGHEST_USER_WASTED_PERCENT: "0.1",
}
_DISABLED = ("disabled", "off", "false", "")
# The names that dive's own configuration has had for them, in lower case: it heeds none.
_NAMES: Mapping[str, str] = {
    **{name.lower(): name for name in DEFAULTS},
    "lowest-efficiency": LOWEST_EFFICIENCY,
    "lowest-efficiency-threshold": LOWEST_EFFICIENCY,
    "highest-wasted-bytes": HIGHEST_WASTED_BYTES,
    "highest-user-wasted-percent": HIGHEST_USER_WASTED_PERCENT,
}
_SIZE = re.compile(r"(\d+\.?\d*|\.\d+)\s*(?:([kmgtpe])(i?))?b?", re.IGNORECASE | re.ASCII)
_POWERS = " kmgtpe"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: what it allows, what the image has, and whether that passes; None: disabled."""

    name: str
    limit: float | None
    value: float
    passed: bool


@dataclass(frozen=True, slots=True)
class Checked:
    """The outcome: passed if every rule is."""

    passed: bool
    rules: tuple[Rule, ...]


def check(found: Efficiency, rules: Mapping[str, str]) -> Checked:
    """Hold an image's figures against rules by name (missing ones are dive's defaults).

    Raises as :func:`limits_of`.
    """
    limits = limits_of(rules)
    outcome = (
        _at_least(LOWEST_EFFICIENCY, found.efficiency, limits),
        _at_most(HIGHEST_WASTED_BYTES, found.wasted_bytes, limits),
        _at_most(HIGHEST_USER_WASTED_PERCENT, found.wasted_user_percent, limits),
    )
    return Checked(all(rule.passed for rule in outcome), outcome)


def limits_of(rules: Mapping[str, str]) -> dict[str, float | None]:
    """What each rule allows, None where it is disabled.

    The case of names doesn't count. Raises UsageError for unknown rules, which dive leaves out but
    which are slips most likely, and for values that mean nothing.
    """
    named = {_NAMES.get(name.lower(), name): text for name, text in rules.items()}
    unknown = named.keys() - DEFAULTS.keys()
    if unknown:
        known = ", ".join(DEFAULTS)
        raise UsageError(f"rule {min(unknown)[:100]!r}", f"the rules are {known}")
    return {name: _limit(name, text) for name, text in {**DEFAULTS, **named}.items()}


def parse_size(text: str) -> int:
    """Bytes of ``20MB``, ``1.5GiB`` or ``4096``. Raises ValueError, OverflowError."""
    match = _SIZE.fullmatch(text.strip())
    if not match:
        raise ValueError(text)
    base = 1024 if match[3] else 1000
    return int(float(match[1]) * base ** _POWERS.index((match[2] or " ").lower()))


def _limit(name: str, text: str) -> float | None:
    if text.strip().lower() in _DISABLED:
        return None
    try:
        if name == HIGHEST_WASTED_BYTES:
            return parse_size(text)
        ratio = float(text)
    except (ValueError, OverflowError):
        raise UsageError(f"rule {name}", f"{text[:100]!r} is no value for it") from None
    if not 0 <= ratio <= 1:
        raise UsageError(f"rule {name}", f"{text!r} is not between 0 and 1")
    return ratio


def _at_least(name: str, value: float, limits: Mapping[str, float | None]) -> Rule:
    limit = limits[name]
    return Rule(name, limit, value, limit is None or value >= limit)


def _at_most(name: str, value: float, limits: Mapping[str, float | None]) -> Rule:
    limit = limits[name]
    return Rule(name, limit, value, limit is None or value <= limit)
