"""An image's documents as the daemon tells them, before a byte of its layers has come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from layerscope.oci.config import ImageConfig
from layerscope.oci.digest import Digest
from layerscope.oci.document import Document
from layerscope.oci.history import History
from layerscope.oci.platform import Platform
from layerscope.oci.runtime_config import RuntimeConfig

# Instructions that never make a layer (WORKDIR does where the directory is new).
_METADATA = frozenset(
    ("ARG", "CMD", "ENTRYPOINT", "ENV", "EXPOSE", "HEALTHCHECK", "LABEL", "MAINTAINER")
) | frozenset(("ONBUILD", "SHELL", "STOPSIGNAL", "USER", "VOLUME"))
_NOP = "/bin/sh -c #(nop)"


@dataclass(frozen=True, slots=True)
class ToldStep:
    """A step of an image's history, and the bytes of its layer."""

    step: History
    size: int


@dataclass(frozen=True, slots=True)
class _Row:
    """A row of an image's history."""

    created: int
    created_by: str
    comment: str
    size: int


def told_config(inspected: Document, history: Sequence[Document]) -> ImageConfig | None:
    """The config as `docker image inspect` and `docker image history` (newest first) know it.

    Its times are whole seconds, and what the two leave out is missing. None where they don't tell
    which steps made the layers. Raises InvalidDocument, InvalidDigest.
    """
    rootfs, runtime = inspected.child("RootFS"), inspected.child("Config")
    diff_ids = tuple(Digest.parse(text) for text in rootfs.texts("Layers")) if rootfs else ()
    rows = [_row(one) for one in reversed(history)]
    filled = _filled(rows, len(diff_ids))
    if filled is None:
        return None
    return ImageConfig(
        diff_ids,
        platform=told_platform(inspected),
        created=inspected.text("Created", ""),
        author=inspected.text("Author", ""),
        config=RuntimeConfig.from_document(runtime) if runtime else RuntimeConfig(),
        history=tuple(_step(row, has) for row, has in zip(rows, filled, strict=True)),
    )


def told_steps(inspected: Document, history: Sequence[Document]) -> list[ToldStep]:
    """The steps that `docker image history` lists, newest first as there. Where they don't tell
    which made a layer, those with bytes did. Raises InvalidDocument."""
    rows = [_row(one) for one in reversed(history)]
    rootfs = inspected.child("RootFS")
    filled = _filled(rows, len(rootfs.texts("Layers")) if rootfs else 0)
    made = filled if filled is not None else [row.size > 0 for row in rows]
    found = [ToldStep(_step(row, has), row.size) for row, has in zip(rows, made, strict=True)]
    return found[::-1]


def told_platform(inspected: Document) -> Platform:
    """What `docker image inspect` says that an image is for."""
    os, architecture = inspected.text("Os", ""), inspected.text("Architecture", "")
    return Platform(os, architecture, inspected.text("Variant", ""))


def rfc3339(seconds: int) -> str:
    """Seconds since 1970 as a text; "" for a time that no calendar has."""
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
    except (ValueError, OverflowError, OSError):
        return ""


def _row(document: Document) -> _Row:
    created = document.values.get("Created")
    return _Row(
        created if isinstance(created, int) else 0,
        document.text("CreatedBy", ""),
        document.text("Comment", ""),
        document.size_or("Size", 0),
    )


def _filled(rows: Sequence[_Row], layers: int) -> list[bool] | None:
    """Which steps made a layer: those with bytes, and if that isn't all, those of none that might
    have. None if neither gives the number of layers that there are."""
    with_bytes = [row.size > 0 for row in rows]
    if not rows or sum(with_bytes) == layers:
        return with_bytes
    possible = [row.size > 0 or not _is_metadata(row.created_by) for row in rows]
    return possible if sum(possible) == layers else None


def _is_metadata(created_by: str) -> bool:
    words = created_by.removeprefix(_NOP).split(maxsplit=1)
    return bool(words) and words[0] in _METADATA


def _step(row: _Row, made_layer: bool) -> History:
    return History(
        created=rfc3339(row.created),
        created_by=row.created_by,
        comment=row.comment,
        empty_layer=not made_layer,
    )
