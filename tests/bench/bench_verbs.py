"""Verbs as processes of their own, from start to end."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.compiled import COMPILED
from tests.bench.inputs import Inputs
from tests.bench.table import Row, median_seconds

_TOP = Path(__file__).parents[2]
_SAMPLES = _TOP / "sample_images"


def rows(inputs: Inputs, runs: int) -> Iterator[Row]:
    """Milliseconds of `layerscope images` on a store that holds the samples."""
    with TemporaryDirectory() as store:
        for sample in ("five-layers.docker.tar", "mixed-codecs.oci.tar", "wasteful.docker.tar"):
            _call(store, "load", str(_SAMPLES / sample))
        images = median_seconds(lambda: _call(store, "images"), max(20, runs))
    bare = median_seconds(
        lambda: subprocess.run([sys.executable, "-c", "pass"], check=True), max(20, runs)
    )
    peer = f"python -c pass {bare * 1e3:.0f} ms"
    yield Row("layerscope images, cold process", images * 1e3, "ms", 60, peer)


def _call(store: str, *words: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "layerscope", *words],
        env={**os.environ, **COMPILED, "LAYERSCOPE_ROOT": store},
        cwd=_TOP,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        check=True,
    )
