"""A layer's blob in, its index file out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from layerscope.archive.codec import Limits
from layerscope.archive.scan import ScanLimits
from layerscope.errors import LayerscopeError
from layerscope.index.facts import LayerFacts
from layerscope.index.pipeline import Passed, Sink, Watch, pass_over
from layerscope.index.rows import arrange
from layerscope.index.write import LayerTable
from layerscope.oci.digest import Digest


class DigestMismatch(LayerscopeError):
    """A blob's bytes are not those that its digest or diffID promises."""

    def __init__(self, what: str, name: str, promised: Digest, found: Digest) -> None:
        super().__init__(what, f"its {name} is {found}, but {promised} was promised")


def index_layer(
    raw: BinaryIO,
    place: Callable[[Digest], Path],
    *,
    watch: Watch = lambda done: None,
    digest: Digest | None = None,
    diff_id: Digest | None = None,
    sink: Sink | None = None,
    limits: Limits | None = None,
    scan_limits: ScanLimits | None = None,
) -> LayerFacts:
    """Read a layer blob once: verify it, index it, and write the index file.

    ``place(diff_id)`` says where the file goes; it appears there only when whole and verified.
    ``digest`` and ``diff_id`` are what is promised of the bytes, None where nothing is. ``watch``
    hears of the blob's bytes read so far and may raise to stop; ``sink`` gets these bytes.
    Raises DigestMismatch, InvalidTar, the codec's errors and OSError.
    """
    passed = pass_over(raw, watch=watch, limits=limits, scan_limits=scan_limits, sink=sink)
    if digest is not None and passed.digest != digest:
        raise DigestMismatch(f"blob {digest.short}", "digest", digest, passed.digest)
    if diff_id is not None and passed.diff_id != diff_id:
        raise DigestMismatch(f"layer {diff_id.short}", "diffID", diff_id, passed.diff_id)
    table = LayerTable(passed.entries, arrange(passed.entries))
    facts = _facts(passed, table)
    table.write(place(passed.diff_id), facts)
    return facts


def _facts(passed: Passed, table: LayerTable) -> LayerFacts:
    return LayerFacts(
        diff_id=passed.diff_id,
        digest=passed.digest,
        codec=passed.codec.value,
        blob_size=passed.blob_size,
        tar_size=passed.tar_size,
        size=table.total_size,
        files=table.file_count,
        entries=len(passed.entries),
    )
