"""Names that mean deletion in a layer (OCI image-spec, layer.md, "Representing Changes")."""

from __future__ import annotations

PREFIX = b".wh."
OPAQUE = b".wh..wh..opq"

# Bookkeeping of the AUFS driver; it belongs in no tree.
AUFS_METADATA = frozenset({b".wh..wh.plnk", b".wh..wh.aufs", b".wh..wh.orph"})
