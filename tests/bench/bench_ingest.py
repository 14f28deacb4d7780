"""One gzip layer read, verified and indexed, against tools that only inflate it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from layerscope.index.ingest import index_layer
from tests.bench.inputs import Inputs
from tests.bench.table import Row, median_seconds


def rows(inputs: Inputs, runs: int) -> Iterator[Row]:
    """Seconds, and the ratio to `igzip -dc` in the same run."""
    layer = inputs.gzip_layer
    ours = median_seconds(lambda: _ingest(layer), runs)
    gzip = median_seconds(lambda: _inflate("gzip", layer), 1)
    yield Row("gzip layer (948 MB tar), ingest alone", ours, "s", None, f"gzip -dc {gzip:.2f} s")
    if shutil.which("igzip"):
        igzip = median_seconds(lambda: _inflate("igzip", layer), runs)
        yield Row("… against igzip -dc", ours / igzip, "×", 1.5, f"igzip -dc {igzip:.2f} s")


def _ingest(layer: Path) -> None:
    with TemporaryDirectory() as folder, layer.open("rb") as raw:
        index_layer(raw, lambda diff_id: Path(folder) / "index")


def _inflate(program: str, layer: Path) -> None:
    subprocess.run([program, "-dc", str(layer)], stdout=subprocess.DEVNULL, check=True)
