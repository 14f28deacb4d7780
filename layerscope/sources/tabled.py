"""An image's layers by their own tables of contents, where every one has one.

What is made of tables is kept apart from what was verified, in the store's spool, and serves only
images that are looked at in the same way: a table's hashes compare with no others.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from layerscope.sources.image import NotAnImage
from layerscope.store.disk import told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from layerscope.archive.entry import Entry
    from layerscope.sources.image import Image, Layer, Table
    from layerscope.store.store import Store


class Tables:
    """Where the indexes and stacks of such an image are, and how they are made."""

    def __init__(self, image: Image, tables: list[Table], store: Store) -> None:
        self._image, self._tables, self._store = image, tables, store
        keys = hashlib.sha256()
        self._stack_keys = []
        for table in tables:
            keys.update(table.key.encode())
            self._stack_keys.append(f"stack-{keys.hexdigest()}")
        made = [f"index-{table.key}" for table in tables]
        self._index_keys = made
        store.keep(*(f"spool:{key}" for key in (*made, *self._stack_keys)))

    def index_file(self, number: int) -> Path:
        """The index of a layer."""
        return self._store.spool_file(self._index_keys[number])

    def stack_file(self, number: int) -> Path:
        """The stack of layers 0 to ``number``."""
        return self._store.spool_file(self._stack_keys[number])

    def make_index(self, number: int) -> None:
        """Write the index of a layer. Raises what reading a table raises, InvalidTar."""
        from layerscope.index.facts import LayerFacts
        from layerscope.index.rows import arrange
        from layerscope.index.write import LayerTable

        layer, table = self._image.layers[number], self._tables[number]
        if layer.descriptor is None or layer.diff_id is None:
            raise NotAnImage(self._image.origin, f"nothing is promised of its layer {number}")
        entries = table.contents.entries
        rows = LayerTable(entries, arrange(entries))
        facts = LayerFacts(
            diff_id=layer.diff_id,
            digest=layer.descriptor.digest,
            codec=table.codec.value,
            blob_size=layer.descriptor.size,
            tar_size=0,
            size=rows.total_size,
            files=rows.file_count,
            entries=len(entries),
            verified=False,
        )
        with told(self.index_file(number)):
            rows.write(self.index_file(number), facts)

    def read_file(self, number: int, entry: Entry) -> Iterator[bytes]:
        """A file's content. Raises what a table raises."""
        return self._tables[number].file(entry.data_offset)


def tables_of(image: Image, store: Store) -> Tables | None:
    """The image's tables, if all its layers have one, and not all are here already."""
    tables = [layer.table for layer in image.layers if layer.table is not None]
    if len(tables) < len(image.layers) or all(_is_here(layer, store) for layer in image.layers):
        return None
    return Tables(image, tables, store)


def _is_here(layer: Layer, store: Store) -> bool:
    indexed = layer.diff_id is not None and (store.index_dir(layer.diff_id) / "index").exists()
    return indexed or layer.place is not None
