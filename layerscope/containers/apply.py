"""File operations run in a container through the engine; those below a volume go to the volume."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from layerscope.containers.files import open_mounted
from layerscope.containers.record import Container
from layerscope.cow.ops import Language, OpResult, check_ops, run_ops

if TYPE_CHECKING:
    from layerscope.store.store import Store


def apply(
    store: Store,
    container: Container,
    ops: Sequence[Mapping[str, Any]],
    language: Language | None = None,
) -> list[OpResult]:
    """Run the operations in order; one that fails doesn't stop the next.

    Raises InvalidOps, LayerBusy, LayerscopeError, OSError.
    """
    check_ops(ops)
    with open_mounted(store, container) as files:
        return run_ops(files, ops, language)
