"""Which directories are open: by path, so that it holds for every layer's tree."""

from __future__ import annotations

from dataclasses import dataclass

EVERYTHING = 1 << 30


@dataclass(frozen=True, slots=True)
class Fold:
    """A directory was opened or shut by hand; ``deep``: with every directory below it."""

    is_open: bool
    deep: bool = False


class Expansion:
    """A rule for all directories and what was done by hand since.

    ``depth``: directories less deep than this are open (the root's children are 1 deep), None:
    as deep as fits a screen or so. ``by_hand`` has the later folds after the earlier ones.
    """

    def __init__(self) -> None:
        self.depth: int | None = None
        self.by_hand: dict[bytes, Fold] = {}

    def to_depth(self, depth: int | None) -> None:
        """Forget what was done by hand and open all that is less deep than ``depth``."""
        self.depth = depth
        self.by_hand.clear()

    def fold(self, path: bytes, fold: Fold) -> None:
        """Open or shut the directory ``path``."""
        self.by_hand.pop(path, None)
        if fold.deep:
            inside = path + b"/" if path else b""
            for other in [p for p in self.by_hand if p.startswith(inside)]:
                del self.by_hand[other]
        self.by_hand[path] = fold
