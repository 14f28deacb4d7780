"""File operations run in a container through the engine; those below a volume go to the volume."""

from __future__ import annotations

import errno
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from layerscope.containers.files import folder_of, open_files
from layerscope.containers.record import Container, Mount
from layerscope.containers.volumes import data_of
from layerscope.cow.empty_lower import EmptyLower
from layerscope.cow.engine import Engine, open_engine
from layerscope.cow.ops import OpResult, language_of, run_ops

if TYPE_CHECKING:
    from layerscope.store.store import Store

_PATHS = ("path", "from", "to")
_CROSS_DEVICE = errno.errorcode[errno.EXDEV]


def apply(store: Store, container: Container, ops: Sequence[Mapping[str, Any]]) -> list[OpResult]:
    """Run the operations in order; one that fails doesn't stop the next.

    Raises InvalidOps, LayerBusy, LayerscopeError, OSError.
    """
    language = language_of(ops)
    with ExitStack() as stack:
        engine = stack.enter_context(open_files(store, container))
        if not container.mounts:
            return run_ops(engine, ops, language)
        mounted = {
            mount.target.rstrip("/"): stack.enter_context(_mounted(store, container, mount))
            for mount in container.mounts
        }
        results: list[OpResult] = []
        for op in ops:
            where = {_mount_of(op[key], mounted) for key in _PATHS if isinstance(op.get(key), str)}
            if len(where) > 1:
                results.append(OpResult(str(op.get("op")), None, _CROSS_DEVICE))
                continue
            target = where.pop() if where else None
            inside = op if target is None else _below(op, target)
            results += run_ops(engine if target is None else mounted[target], [inside], language)
        return results


def _mounted(store: Store, container: Container, mount: Mount) -> Engine:
    """A volume's or host folder's files as they lie, through an engine with nothing below."""
    data = data_of(store, mount.volume) if mount.volume else Path(mount.source or "/")
    data.mkdir(parents=True, exist_ok=True)
    work = folder_of(store, container) / f"mount{mount.target.replace('/', '-')}"
    work.mkdir(exist_ok=True)
    return open_engine(EmptyLower(), data, work)


def _mount_of(path: str, targets: Mapping[str, Engine]) -> str | None:
    found = [t for t in targets if path == t or path.startswith(t + "/")]
    return max(found, key=len, default=None)


def _below(op: Mapping[str, Any], target: str) -> dict[str, Any]:
    inside = {key: op[key][len(target) :] or "/" for key in _PATHS if isinstance(op.get(key), str)}
    return {**op, **inside}
