"""Completes paths as they are typed."""

from __future__ import annotations

from bisect import bisect_left

from textual.suggester import Suggester

from layerscope.tui.models.tree_source import TreeSource
from layerscope.tui.safe_text import safe_name


def typed_path(text: str) -> str:
    """The path that is meant, without its first slash: after ``//`` it starts at the root again,
    for a whole path may be pasted behind a folder that stands there."""
    return text.rpartition("//")[2].strip("/")


class PathSuggester(Suggester):
    """Offers the first path of a stack that goes on as typed."""

    def __init__(self, source: TreeSource) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._source = source

    async def get_suggestion(self, value: str) -> str | None:
        """What was typed, with the rest of the path."""
        text = value.rpartition("//")[2].lstrip("/")
        typed = text.encode("utf-8", "surrogateescape")
        if not typed:
            return None
        source = self._source
        key = typed.replace(b"/", b"\0")
        rows = range(len(source))
        row = bisect_left(rows, key, key=lambda r: source.path(r).replace(b"/", b"\0"))
        if row >= len(source) or not source.path(row).startswith(typed):
            return None
        return value.removesuffix(text) + safe_name(source.path(row))
