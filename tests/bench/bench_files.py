"""One file out of the middle of a compressed layer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from layerscope.archive.blob import FileRange
from layerscope.archive.codec import Codec
from layerscope.archive.content import LayerContent, file_chunks
from layerscope.archive.entry import Kind
from layerscope.index.ingest import index_layer
from layerscope.index.layer import LayerIndex
from tests.bench.inputs import Inputs
from tests.bench.table import Row, median_seconds, seconds

_SIZE = range(30_000, 100_000)


def rows(inputs: Inputs, runs: int) -> Iterator[Row]:
    """Milliseconds, the first time (which leaves something for the next) and later."""
    blob = FileRange.whole(inputs.gzip_layer)
    with TemporaryDirectory() as folder:
        with inputs.gzip_layer.open("rb") as raw:
            facts = index_layer(raw, lambda diff_id: Path(folder) / "index")
        index = LayerIndex.open(Path(folder) / "index")
        entry = index.entry(_some_file(index))

        def read() -> None:
            content = LayerContent(blob, Codec.GZIP, "layer", facts.tar_size, Path(folder))
            assert sum(map(len, file_chunks(content, entry))) == entry.size

        first = seconds(read)
        yield Row("one file out of a gzip layer, first time", first, "s")
        again = median_seconds(read, max(runs, 5))
        yield Row("one file out of a gzip layer, second time", again * 1e3, "ms", 15)


def _some_file(index: LayerIndex) -> int:
    """A file of common size, three quarters into the tar."""
    files = [
        row
        for row in range(len(index))
        if index.kind[row] == Kind.FILE and index.size[row] in _SIZE
    ]
    return sorted(files, key=lambda row: index.data_offset[row])[len(files) * 3 // 4]
