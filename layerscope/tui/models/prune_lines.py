"""What pruning would remove as text: a line each, and which of them go."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from layerscope.tui.models.image_lines import MARKED
from layerscope.tui.safe_text import fit, fit_left, safe_text
from layerscope.units import size_text
from layerscope.usecases.prune import PrunedThing

Span = tuple[str, str]
_NAME = 26  # columns: as many digits of a digest as are told apart elsewhere


class PruneLines:
    """``going`` has the names of those that go."""

    def __init__(self, things: Sequence[PrunedThing], going: Collection[str]) -> None:
        self.things = things
        self._going = going

    def __len__(self) -> int:
        return len(self.things)

    def spans(self, index: int, width: int) -> Sequence[Span]:
        """A mark if it goes, its bytes, its name, what it is."""
        thing = self.things[index]
        goes = thing.name in self._going
        size = "" if thing.name.startswith("image ") else size_text(thing.size)
        head = f" {MARKED if goes else ' '} "
        room = max(0, width - len(head) - 10 - _NAME - 2)
        return [
            (head, "accent"),
            (f"{fit_left(size, 8)}  ", "strong" if goes else "dim"),
            (f"{fit(safe_text(thing.name), _NAME)}  ", "" if goes else "dim"),
            (fit(thing.about, room), "dim"),
        ]
