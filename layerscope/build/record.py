"""What is kept of a build beside its image: the Dockerfile, and what came of each step.

It is no part of the image, whose digest it doesn't touch, and goes with it; the same image built
again, from the cache or of another Dockerfile, has what the last build tells.
"""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING, Any, NamedTuple

from layerscope.build.plan import Step, StepDone
from layerscope.oci.digest import Digest

if TYPE_CHECKING:
    from layerscope.store.store import Store


class BuildRecord(NamedTuple):
    """A build: ``file`` is the Dockerfile's name and ``text`` all of it, ``built_at`` RFC 3339;
    ``steps`` are those of every stage that was needed, in their order."""

    file: str
    text: str
    built_at: str
    steps: tuple[StepDone, ...]


def keep(store: Store, image: Digest, record: BuildRecord) -> None:
    """Keep it with the image, which must stay meanwhile. Raises StoreFailure."""
    values = [_values(done) for done in record.steps]
    detail = json.dumps({"file": record.file, "text": record.text, "steps": values})
    row = (str(image), record.built_at, zlib.compress(detail.encode(), 1))
    # What a power cut may undo: the image stands without it.
    with store.database.write(lasting=False) as tx:
        tx.execute("INSERT OR REPLACE INTO builds (image, built_at, detail) VALUES (?, ?, ?)", row)


def find(store: Store, image: Digest) -> BuildRecord | None:
    """The last build here that made the image; None if it came from elsewhere."""
    sql = "SELECT built_at, detail FROM builds WHERE image = ?"
    row = store.database.row(sql, str(image))
    if row is None:
        return None
    values = json.loads(zlib.decompress(row[1]))
    steps = tuple(_step(one) for one in values["steps"])
    return BuildRecord(values["file"], values["text"], row[0], steps)


def _values(done: StepDone) -> dict[str, Any]:
    step = done.step
    return {
        "step": [step.stage, step.position, step.total, step.instruction, step.line],
        "cached": done.cached,
        "reason": done.reason,
        "diff_id": str(done.diff_id) if done.diff_id else None,
        "size": done.size,
        "seconds": done.seconds,
        "image": str(done.image) if done.image else None,
    }


def _step(values: dict[str, Any]) -> StepDone:
    digests = {
        key: Digest.parse(values[key]) if values[key] else None for key in ("diff_id", "image")
    }
    return StepDone(**{**values, **digests, "step": Step(*values["step"])})
