"""The copy-on-write engine, beside the plain file system."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench import cow
from tests.bench.inputs import Inputs
from tests.bench.table import Row

_CREATES = 50_000
_ENTRIES = 1_000_000


def rows(inputs: Inputs, runs: int) -> Iterator[Row]:
    """What :mod:`tests.bench.cow` measures."""
    inputs.folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=inputs.folder) as folder:
        for figure in cow.measure(Path(folder), _CREATES, _ENTRIES):
            limit = None if figure.limit == math.inf else figure.limit
            yield Row(figure.what, figure.value, figure.unit, limit, figure.note)
