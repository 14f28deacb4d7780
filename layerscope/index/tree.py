"""Parents and subtree ends of rows in tree order, from their depths alone."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

Column = npt.NDArray[Any]


def shape(depth: Column) -> tuple[Column, Column]:
    """(parent, end) of rows in pre-order; the root has depth 0 and is its own parent.

    A level at a time: a row's parent is the last row of the level above that stands before it.
    """
    count = len(depth)
    parent = np.zeros(count, np.int64)
    size = np.ones(count, np.int64)
    by_level = np.argsort(depth, kind="stable")
    bounds = np.searchsorted(depth[by_level], np.arange(int(depth.max()) + 2))
    levels = [by_level[a:b] for a, b in pairwise(bounds)]
    for above, level in pairwise(levels):
        parent[level] = above[np.searchsorted(above, level) - 1]
    for level in reversed(levels[1:]):
        np.add.at(size, parent[level], size[level])
    return parent, np.arange(count) + size


def distinct(values: Column) -> Column:
    """Each value once, in order. Without what numpy's own loads for it the first time."""
    ordered = np.sort(values)
    is_new = np.ones(len(ordered), bool)
    is_new[1:] = ordered[1:] != ordered[:-1]
    once: Column = ordered[is_new]
    return once


def before(values: Column) -> Column:
    """What is summed up before each value, and after the last: one longer than ``values``."""
    sums = np.zeros(len(values) + 1, np.int64)
    np.cumsum(values, out=sums[1:])
    return sums
