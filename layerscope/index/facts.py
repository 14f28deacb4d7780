"""What is known of a layer as a whole, once its bytes were read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from layerscope.oci.digest import Digest


class LayerFacts(NamedTuple):
    """``digest`` is of the blob as stored, ``diff_id`` of the uncompressed tar (OCI image-spec).

    Bytes: ``blob_size`` as stored, ``tar_size`` uncompressed, ``size`` the sum of its files'
    sizes, each inode once (Docker's figure for a layer). ``codec`` is plain, gzip or zstd;
    ``files`` counts entries that are neither directories nor whiteouts.

    Where it isn't ``verified`` a table of contents told it all: the digests are promises, the
    hashes of files compare only with those of other tables, and ``tar_size`` is unknown.
    """

    diff_id: Digest
    digest: Digest
    codec: str
    blob_size: int
    tar_size: int
    size: int
    files: int
    entries: int
    verified: bool = True

    def to_json(self) -> dict[str, Any]:
        """As plain values, for the header of an index file."""
        return self._asdict() | {"diff_id": str(self.diff_id), "digest": str(self.digest)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> LayerFacts:
        """The inverse of :meth:`to_json`."""
        digests = {key: Digest.parse(values[key]) for key in ("diff_id", "digest")}
        return cls(**{**values, **digests})
