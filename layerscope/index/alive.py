"""The tree of the layers that are below, as a merge needs it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from layerscope.index.layer import LayerIndex
from layerscope.index.tree import distinct

Column = npt.NDArray[Any]


@dataclass(slots=True)
class Alive:
    """The tree of some layers: keys in order, and where each row comes from."""

    keys: list[bytes]
    layer: Column
    row: Column
    end: Column

    def gather(self, layers: list[LayerIndex], column: str, rows: Column) -> Column:
        """A column of the layers' indexes for some of the rows."""
        layer, own = self.layer[rows], self.row[rows]
        out = np.zeros(len(rows), layers[-1].np(column).dtype)
        for number in distinct(layer).tolist():
            here = np.flatnonzero(layer == number)
            out[here] = layers[number].np(column)[own[here]]
        return out
