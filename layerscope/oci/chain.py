"""Chain IDs: the name of a stack of layers (OCI image-spec, config.md, "Layer ChainID")."""

from __future__ import annotations

from collections.abc import Iterable

from layerscope.oci.digest import Digest


def chain_ids(diff_ids: Iterable[Digest]) -> tuple[Digest, ...]:
    """The chain ID of each stack of the first layers, bottom up."""
    chain: list[Digest] = []
    for diff_id in diff_ids:
        chain.append(Digest.of(f"{chain[-1]} {diff_id}".encode()) if chain else diff_id)
    return tuple(chain)
