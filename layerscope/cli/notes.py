"""Where other engines make something else of an image: lines and JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from layerscope.cli.text import exact, shown

if TYPE_CHECKING:
    from layerscope.analysis.notes import Note


def note_lines(notes: Sequence[Note]) -> Iterator[str]:
    """A line for each kind that a layer has, with the first path that it is about."""
    for _, group in groupby(sorted(notes, key=_kind), _kind):
        first, *others = group
        more = f" and {len(others)} more" if others else ""
        yield f"layer {first.layer}: /{shown(first.path)}{more}: {first.case.told}"


def _kind(note: Note) -> tuple[int, int]:
    return note.layer, note.case.order


def note_document(note: Note) -> dict[str, object]:
    """As JSON."""
    return {
        "layer": note.layer,
        "path": "/" + exact(note.path),
        "kind": note.case.value,
        "what": note.case.told,
    }
