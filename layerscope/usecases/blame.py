"""Every layer that touched a path."""

from __future__ import annotations

from dataclasses import dataclass

from layerscope.analysis import blame as analysis
from layerscope.index.change import Change
from layerscope.usecases.layers import created_by
from layerscope.usecases.opened import OpenImage
from layerscope.usecases.paths import NoSuchPath, clean


@dataclass(frozen=True, slots=True)
class BlameRow:
    """What a layer did to a path: A, C or D; size in bytes, mode and hash of what it left.

    The hash is None, too, where a table of contents is all that is known.
    """

    layer: int
    change: Change
    size: int | None
    mode: int | None
    xxh3: int | None
    created_by: str


def blame(image: OpenImage, path: bytes) -> list[BlameRow]:
    """The layers that touched ``path``, bottom up. Raises NoSuchPath if none ever had it."""
    plain = clean(path)
    commands = created_by(image)
    rows = [
        BlameRow(
            layer=touch.layer,
            change=touch.change,
            size=touch.entry.size if touch.entry else None,
            mode=touch.entry.mode if touch.entry else None,
            xxh3=touch.entry.xxh3 if touch.entry and image.verified else None,
            created_by=commands[touch.layer],
        )
        for touch in analysis.blame(image.stacks(), plain)
    ]
    if not rows:
        raise NoSuchPath(plain, "no layer ever had it")
    return rows
