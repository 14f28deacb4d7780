"""File operations run in a container through the engine; those below a volume go to the volume."""

from __future__ import annotations

import errno
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from layerscope.containers.files import open_files, open_mount
from layerscope.containers.record import Container
from layerscope.cow.engine import Engine
from layerscope.cow.ops import Language, OpResult, check_ops, language_of, run_ops, shown_path

if TYPE_CHECKING:
    from layerscope.store.store import Store

_PATHS = ("path", "from", "to")
_CROSS_DEVICE = errno.errorcode[errno.EXDEV]


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
    language = language or language_of(ops)
    with ExitStack() as stack:
        engine = stack.enter_context(open_files(store, container))
        if not container.mounts:
            return run_ops(engine, ops, language)
        mounted = {
            mount.target.rstrip("/"): stack.enter_context(open_mount(store, container, mount))
            for mount in container.mounts
        }
        results: list[OpResult] = []
        for op in ops:
            where = {_mount_of(op[key], mounted) for key in _PATHS if isinstance(op.get(key), str)}
            if len(where) > 1:
                results.append(OpResult(str(op.get("op")), shown_path(op), _CROSS_DEVICE))
                continue
            target = where.pop() if where else None
            inside = op if target is None else _below(op, target)
            if target is None:
                results += run_ops(engine, [inside], language)
            else:  # what happens to a volume is nothing to the layer
                (done,) = run_ops(mounted[target], [inside], language)
                results.append(replace(done, path=shown_path(op), events=()))
        return results


def _mount_of(path: str, targets: Mapping[str, Engine]) -> str | None:
    found = [t for t in targets if path == t or path.startswith(t + "/")]
    return max(found, key=len, default=None)


def _below(op: Mapping[str, Any], target: str) -> dict[str, Any]:
    inside = {key: op[key][len(target) :] or "/" for key in _PATHS if isinstance(op.get(key), str)}
    return {**op, **inside}
