"""Completes paths as they are typed."""

from __future__ import annotations

from bisect import bisect_left

from textual.suggester import Suggester

from layerscope.tui.models.tree_source import TreeSource
from layerscope.tui.safe_text import safe_name


class PathSuggester(Suggester):
    """Offers the first path of a stack that goes on as typed."""

    def __init__(self, source: TreeSource) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._source = source

    async def get_suggestion(self, value: str) -> str | None:
        """The whole path, with its leading slash."""
        typed = value.lstrip("/").encode("utf-8", "surrogateescape")
        if not typed:
            return None
        source = self._source
        key = typed.replace(b"/", b"\0")
        rows = range(len(source))
        row = bisect_left(rows, key, key=lambda r: source.path(r).replace(b"/", b"\0"))
        if row >= len(source) or not source.path(row).startswith(typed):
            return None
        return "/" + safe_name(source.path(row))
