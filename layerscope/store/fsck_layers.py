"""The caches beside the layers, which can be made anew."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from layerscope.errors import LayerscopeError
from layerscope.index.columns import ColumnFile
from layerscope.index.layer import MAGIC, LayerIndex
from layerscope.index.stack import MAGIC as STACK_MAGIC
from layerscope.store.disk import remove_tree
from layerscope.store.finding import Finding

if TYPE_CHECKING:
    from layerscope.index.facts import LayerFacts
    from layerscope.store.store import Store

_HEX = frozenset("0123456789abcdef")
# What reading a header gives that isn't what was written.
_DAMAGED = (KeyError, TypeError, ValueError, AttributeError)


def check_layers(store: Store) -> Iterator[Finding]:
    """Damaged caches, and figures that differ from them. Mending removes a cache."""
    for entry in sorted(os.scandir(store.root / "layers"), key=lambda entry: entry.name):
        folder = Path(entry.path)
        if len(entry.name) < 64 or not _HEX.issuperset(entry.name) or not entry.is_dir():
            yield Finding(
                f"file 'layers/{entry.name}'", "it is no layer's", _removal(folder), "removed"
            )
            continue
        yield from _check_index(store, folder)
        for file in sorted(folder.glob("stack-*")):
            if why := _damage(file, STACK_MAGIC):
                yield Finding(f"layer {entry.name[:12]}", f"its stack: {why}", _removal(file))


def _check_index(store: Store, folder: Path) -> Iterator[Finding]:
    file = folder / "index"
    name = f"layer {folder.name[:12]}"
    if not file.exists():
        return
    facts = _facts(file)
    if isinstance(facts, str):
        yield Finding(name, f"its index: {facts}", _removal(file))
        return
    if facts.diff_id.hex != folder.name:
        yield Finding(name, "its index is of another layer", _removal(file))
        return
    row = store.database.row("SELECT size FROM layers WHERE diff_id = ?", str(facts.diff_id))
    if row is not None and row[0] != facts.size:
        mend = partial(_set_size, store, str(facts.diff_id), facts.size)
        yield Finding(name, f"the database has {row[0]} bytes for it, not {facts.size}", mend)


def _damage(file: Path, magic: bytes) -> str | None:
    """What is wrong with a cache, None if nothing is."""
    try:
        return None if ColumnFile(file, magic).intact() else "its bytes are not those written"
    except (LayerscopeError, OSError, *_DAMAGED) as error:
        return error.why if isinstance(error, LayerscopeError) else "it is damaged"


def _facts(file: Path) -> LayerFacts | str:
    """What an index says of its layer, or what is wrong with it."""
    why = _damage(file, MAGIC)
    try:
        return why or LayerIndex.open(file).facts
    except (LayerscopeError, OSError, *_DAMAGED):
        return "its header is damaged"


def _removal(path: Path) -> partial[None]:
    return partial(remove_tree, path)


def _set_size(store: Store, diff_id: str, size: int) -> None:
    with store.database.write() as tx:
        tx.execute("UPDATE layers SET size = ? WHERE diff_id = ?", (size, diff_id))
