"""How an image came to be: its history, and which step made which layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from layerscope.oci.document import Document


class History(NamedTuple):
    """One step, oldest first in a config (OCI image-spec, config.md). Times are RFC 3339."""

    created: str = ""
    created_by: str = ""
    author: str = ""
    comment: str = ""
    empty_layer: bool = False

    @classmethod
    def from_document(cls, document: Document) -> History:
        """Read one. Raises InvalidDocument."""
        return cls(
            created=document.text("created", ""),
            created_by=document.text("created_by", ""),
            author=document.text("author", ""),
            comment=document.text("comment", ""),
            empty_layer=document.flag("empty_layer"),
        )

    def to_json(self) -> dict[str, Any]:
        """As the spec writes it."""
        texts = {
            "created": self.created,
            "created_by": self.created_by,
            "author": self.author,
            "comment": self.comment,
        }
        values: dict[str, Any] = {key: text for key, text in texts.items() if text}
        return values | ({"empty_layer": True} if self.empty_layer else {})


class Step(NamedTuple):
    """A step and the number of the layer it made; either may be missing, never both."""

    history: History | None
    layer: int | None


def steps(history: Sequence[History], layers: int) -> tuple[Step, ...]:
    """Join history to ``layers`` layers, bottom up.

    A step that says it is empty has no layer. Where the history is missing or too short, the layers
    left over are steps nobody wrote down; steps left over made no layer.
    """
    joined: list[Step] = []
    number = 0
    for step in history:
        if step.empty_layer or number >= layers:
            joined.append(Step(step, None))
        else:
            joined.append(Step(step, number))
            number += 1
    return (*joined, *(Step(None, rest) for rest in range(number, layers)))
