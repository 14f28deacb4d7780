"""The store examined: every digest recomputed, every reference followed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING

from layerscope.progress import Progress, Silent
from layerscope.store.disk import told, write_whole
from layerscope.store.finding import Fault, Finding
from layerscope.store.fsck_blobs import check_blobs
from layerscope.store.fsck_images import check_images
from layerscope.store.fsck_layers import check_layers
from layerscope.store.layout import LAYOUT_DOCUMENT, index_document, refresh_index

if TYPE_CHECKING:
    from layerscope.oci.digest import Digest
    from layerscope.store.store import Store


def fsck(store: Store, repair: bool = False, progress: Progress | None = None) -> list[Fault]:
    """All that is not as it must be; with ``repair``, put right where that can be.

    What nothing refers to is no fault. Other processes may work meanwhile. Raises StoreFailure,
    Cancelled.
    """
    damaged: set[Digest] = set()
    checks: list[Callable[[], Iterable[Finding]]] = [
        partial(_check_database, store),
        partial(check_blobs, store, progress or Silent(), damaged),
        partial(check_images, store, damaged),
        partial(check_layers, store),
        partial(_check_layout, store),
    ]
    with told(store.root):
        return [fault for check in checks for fault in _outcomes(list(check()), repair)]


def _outcomes(findings: list[Finding], repair: bool) -> Iterator[Fault]:
    for finding in findings:
        outcome = None
        if repair and finding.mend is not None:
            finding.mend()
            outcome = finding.outcome
        yield Fault(finding.what, finding.why, outcome)


def _check_database(store: Store) -> Iterator[Finding]:
    for (answer,) in store.database.rows("PRAGMA integrity_check"):
        if answer != "ok":
            yield Finding("database", str(answer).replace("\n", "; "))
    for table, *_ in store.database.rows("PRAGMA foreign_key_check"):
        yield Finding("database", f"a row of {table!r} refers to one that isn't there")


def _check_layout(store: Store) -> Iterator[Finding]:
    """The files by which other tools enter; last, as mending images changes what they must say."""
    layout, index = store.root / "oci-layout", store.root / "index.json"
    if not layout.exists() or layout.read_bytes() != LAYOUT_DOCUMENT:
        mend = partial(write_whole, store.root / "tmp" / layout.name, layout, LAYOUT_DOCUMENT)
        yield Finding("oci-layout", "it is missing or damaged", mend)
    writable = store.is_writable
    with store.database.write() if writable else nullcontext():
        # Nobody can change the names between the two looks.
        if writable:
            refresh_index(store.root, store.database)
        right = index.exists() and index.read_bytes() == index_document(store.database).to_bytes()
    if not right:
        mend = partial(refresh_index, store.root, store.database, force=True)
        yield Finding("index.json", "it lists other images than the store has", mend)
