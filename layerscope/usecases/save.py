"""Images of the store written out, for other tools to read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from layerscope.progress import Progress

if TYPE_CHECKING:
    from pathlib import Path

    from layerscope.store.store import Store

FORMATS = ("docker-archive", "oci-archive", "oci")


def save(store: Store, names: Sequence[str], out: Path, form: str, progress: Progress) -> None:
    """Write images to ``out`` in one of FORMATS. Raises LayerscopeError, OSError."""
    from layerscope.sources.save import SaveFormat, save_images

    save_images(store, names, out, SaveFormat(form), progress)
