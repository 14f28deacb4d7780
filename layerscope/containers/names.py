"""Names of containers and volumes: which are allowed, and one where nobody gave any."""

from __future__ import annotations

import os
import re

from layerscope.errors import UsageError

_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]*")
_HOW = ("brave", "calm", "clever", "eager", "gentle", "happy", "keen", "lucid", "quick", "quiet")
_WHAT = (
    "badger",
    "crane",
    "dolphin",
    "heron",
    "lynx",
    "marmot",
    "otter",
    "puffin",
    "raven",
    "wren",
)


class InvalidName(UsageError):
    """A name that no container or volume may have."""


def check_name(name: str) -> str:
    """The name, if it is one (Docker's rule). Raises InvalidName."""
    if not _NAME.fullmatch(name) or len(name) > 255:
        why = "only letters, digits, '_', '.' and '-' are allowed, the first a letter or digit"
        raise InvalidName(repr(name[:100]), why)
    return name


def any_name() -> str:
    """A name to remember; not unique."""
    how, what, number = os.urandom(1)[0], os.urandom(1)[0], int.from_bytes(os.urandom(4), "big")
    return f"{_HOW[how % len(_HOW)]}_{_WHAT[what % len(_WHAT)]}{number % 1000}"


def new_id() -> str:
    """A container's ID: 64 hex digits."""
    return os.urandom(32).hex()
