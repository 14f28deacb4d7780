"""Small random layers in which everything meets everything."""

from __future__ import annotations

import random
import tarfile

from tests.support.layers import file, folder, hardlink, symlink, tar

_NAMES = ("a", "b", "c")
_TARGETS = ("a", "b", "../a", "/c", "a/b", ".")


def odd_layers(dice: random.Random) -> list[bytes]:
    """One to three layer tars, bottom first; about half of all stacks make no sense."""
    return [_layer(dice) for _ in range(dice.randint(1, 3))]


def _layer(dice: random.Random) -> bytes:
    return tar([_entry(dice) for _ in range(dice.randint(1, 6))])


def _path(dice: random.Random) -> str:
    return "/".join(dice.choices(_NAMES, k=dice.randint(1, 3)))


def _entry(dice: random.Random) -> tuple[tarfile.TarInfo, bytes]:
    path, kind = _path(dice), dice.random()
    parent, slash, name = path.rpartition("/")
    if kind < 0.3:
        return file(path, dice.choice((b"", b"x", b"yy")), mtime=dice.randint(1, 10**9))
    if kind < 0.55:
        return folder(path, mode=dice.choice((0o755, 0o700, 0o1777)))
    if kind < 0.65:
        return symlink(path, dice.choice(_TARGETS))
    if kind < 0.72:
        return hardlink(path, _path(dice))
    if kind < 0.9:
        return file(f"{parent}{slash}.wh.{name}")
    return file(f"{parent}{slash}.wh..wh..opq")
