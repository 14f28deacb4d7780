"""Which rows a pattern means: searched in all names of a layer at once, as one text."""

from __future__ import annotations

from string import ascii_lowercase, ascii_uppercase

import numpy as np

from layerscope.index.layer import LayerIndex
from layerscope.tui.models.pattern import Pattern
from layerscope.tui.models.tree_columns import Column
from layerscope.tui.models.tree_source import TreeSource

_BLOCK = 1 << 20
# What is searched has no capitals, and NULs for the slashes.
_PLAIN = bytes.maketrans(ascii_uppercase.encode() + b"/", ascii_lowercase.encode() + b"\0")


class LayerNames:
    """The names of a layer, ready to be searched: every key with a NUL before and after it."""

    def __init__(self, layer: LayerIndex) -> None:
        self._layer = layer
        self._text = np.frombuffer(b"\0" + bytes(layer.heap()).translate(_PLAIN), np.uint8)
        starts = layer.np("key_start").astype(np.int64)
        self._start, self._end = starts[:-1] + 1, starts[1:]
        separators = np.flatnonzero(self._text == 0)
        self._name = separators[np.searchsorted(separators, self._end) - 1] + 1

    def matching(self, pattern: Pattern) -> Column:
        """Which rows of the layer the pattern means; never the root."""
        if not pattern.is_glob:
            found = self._having(pattern)
        elif pattern.in_path:
            found = self._paths_like(pattern)
        else:
            found = self._names_like(pattern)
        found[0] = False
        return found

    def _having(self, pattern: Pattern) -> Column:
        """Rows with the literal in their name, or reaching into it from the path before."""
        literal = pattern.literal
        at = self._places(literal, pattern.folds_case)
        row = np.searchsorted(self._start, at + 1, "right") - 1
        end = at + len(literal)
        reaches = end >= self._name[row] if pattern.in_path else at >= self._name[row]
        found = np.zeros(len(self._start), bool)
        found[row[reaches & (end <= self._end[row])]] = True
        return found

    def _names_like(self, pattern: Pattern) -> Column:
        """Rows whose whole name is like the pattern: its pieces one after the other."""
        first, *inner, last = pattern.text.split(b"*")
        at = self._name + len(first)
        found = _is_in(self._name, self._places(first, pattern.folds_case)) if first else at > 0
        for piece in inner:
            places = np.append(self._places(piece, pattern.folds_case), len(self._text))
            at = places[np.searchsorted(places[:-1], at)] + len(piece)
            at = np.minimum(at, len(self._text))
        tail = self._end - len(last)
        found &= tail >= at
        if last:
            found &= _is_in(tail, self._places(last, pattern.folds_case))
        return found

    def _paths_like(self, pattern: Pattern) -> Column:
        """Rows whose whole path is like the pattern; those with its longest piece are looked at."""
        at = self._places(pattern.literal, pattern.folds_case)
        found = np.zeros(len(self._start), bool)
        found[np.searchsorted(self._start, at + 1, "right") - 1] = True
        for row in np.flatnonzero(found).tolist():
            found[row] = pattern.matches(self._layer.path(row))
        return found

    def _places(self, literal: bytes, folds_case: bool) -> Column:
        """Where in the text the literal stands, from the first to the last."""
        if not literal:
            return np.arange(len(self._text) + 1)
        plain = literal.translate(_PLAIN)
        width = 1 << min(2, len(literal).bit_length() - 1)
        head = len(literal) - width
        found = _words_like(self._text, plain[head:]) - head
        at: Column = found[found >= 0]
        for distance, byte in enumerate(plain[:head]):
            at = at[self._text[at + distance] == byte]
        return at if folds_case else self._as_typed(at, literal)

    def _as_typed(self, at: Column, literal: bytes) -> Column:
        """Those of the places where the capitals are the same, too."""
        heap = np.frombuffer(self._layer.heap(), np.uint8)
        for distance, byte in enumerate(literal):
            if bytes((byte,)).isalpha():
                at = at[heap[at - 1 + distance] == byte]
        return at


def _words_like(text: Column, word: bytes) -> Column:
    """Where a word of 1, 2 or 4 bytes stands: compared whole, at each alignment, block by block.

    A block and what is computed from it stay in the processor's cache.
    """
    width = len(word)
    kind = np.dtype(f"u{width}")
    wanted = np.frombuffer(word, kind)[0]
    places = [np.empty(0, np.int64)]
    for block in range(0, len(text), _BLOCK):
        for start in range(block, block + width):
            stop = start + max(0, min(_BLOCK, len(text) - start)) // width * width
            at = np.flatnonzero(text[start:stop].view(kind) == wanted)
            if len(at):
                places.append(at * width + start)
    found: Column = np.concatenate(places)
    found.sort()
    return found


def _is_in(values: Column, places: Column) -> Column:
    """Which values are among the places, which are sorted."""
    at = np.searchsorted(places, values)
    found: Column = np.append(places, -1)[at] == values
    return found


class NameSearch:
    """Finds rows of an image's stacks; keeps the layers' names for the next pattern."""

    def __init__(self) -> None:
        self._names: dict[int, tuple[LayerIndex, LayerNames]] = {}

    def matching(self, stack: TreeSource, pattern: Pattern) -> Column:
        """Which rows of the stack the pattern means."""
        layer, row = stack.np("layer"), stack.np("row")
        found = np.zeros(len(stack), bool)
        for number in np.unique(layer).tolist():
            here = np.flatnonzero(layer == number)
            found[here] = self._of(stack.layers[number]).matching(pattern)[row[here]]
        for moved in stack.moved:
            found[moved] = pattern.matches(stack.path(moved))
        return found

    def forget(self) -> None:
        """Give back the memory."""
        self._names.clear()

    def _of(self, layer: LayerIndex) -> LayerNames:
        if id(layer) not in self._names:
            self._names[id(layer)] = layer, LayerNames(layer)
        return self._names[id(layer)][1]
