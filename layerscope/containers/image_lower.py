"""An image's files as what stands below a writable layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from layerscope.cow.empty_lower import EmptyLower
from layerscope.cow.index_lower import IndexLower
from layerscope.sources.opened import OpenImage
from layerscope.sources.stored import open_stored

if TYPE_CHECKING:
    from layerscope.cow.lower import Lower
    from layerscope.oci.digest import Digest
    from layerscope.store.store import Store


def open_lower(store: Store, image: Digest) -> Lower:
    """An image's layers, merged, nothing unpacked. Raises LayerscopeError."""
    opened = OpenImage(open_stored(store, store.resolve(str(image))), store)
    opened.read_all()
    if not opened.layer_count:
        return EmptyLower()
    view = opened.need_stack(None)
    found = map(opened.content, range(opened.layer_count))
    contents = [content for content in found if content is not None]
    return IndexLower(view, lambda layer, offset, size: contents[layer].read_at(offset, size))
