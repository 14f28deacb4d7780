"""Names that mean deletion in a layer (OCI image-spec, layer.md, "Representing Changes")."""

from __future__ import annotations

PREFIX = b".wh."
OPAQUE = b".wh..wh..opq"
