"""Names that mean deletion in a layer (OCI image-spec, layer.md, "Representing Changes")."""

from __future__ import annotations

import os

from layerscope.errors import LayerscopeError

PREFIX = b".wh."
OPAQUE = b".wh..wh..opq"


class ReservedName(LayerscopeError):
    """A file's own name means deletion in a layer, so no layer can hold it."""

    def __init__(self, path: bytes) -> None:
        super().__init__(
            "/" + os.fsdecode(path),
            "a layer can't hold a file of this name: names that start with .wh. mean deletion",
            "rename or remove it, then try again",
        )
