"""What is to be mounted in a container, out of the words of ``-v`` and ``--mount``."""

from __future__ import annotations

import os
import posixpath

from layerscope.containers.record import Mount
from layerscope.errors import LayerscopeError, UsageError

_SOURCES = ("source", "src")
_TARGETS = ("target", "destination", "dst")
_READ_ONLY = ("readonly", "ro")


def parse_volume(text: str) -> Mount:
    """Read ``VOLUME:PATH[:ro]``, ``/HOST:PATH[:ro]``, ``./HERE:PATH[:ro]`` or ``PATH``.

    Raises UsageError.
    """
    what = f"-v {text!r}"
    parts = text.split(":")
    if len(parts) > 3 or (len(parts) == 3 and parts[2] not in ("ro", "rw")) or not all(parts):
        raise UsageError(what, "it isn't VOLUME:PATH[:ro]")
    source, target = (None, parts[0]) if len(parts) == 1 else (parts[0], parts[1])
    if source and source.startswith("."):  # which no volume's name does
        source = os.path.abspath(source)
    return _mount(what, source, target, len(parts) == 3 and parts[2] == "ro")


def parse_mount(text: str) -> Mount:
    """Read ``type=volume|bind,source=…,target=…[,readonly]``. Raises UsageError, and
    LayerscopeError for a bind of what is not there."""
    what = f"--mount {text!r}"
    values = dict(part.partition("=")[::2] for part in text.split(","))
    kind = values.pop("type", "volume")
    source = next((values.pop(key) for key in _SOURCES if key in values), None)
    target = next((values.pop(key) for key in _TARGETS if key in values), "")
    flags = [values.pop(key) for key in _READ_ONLY if key in values]
    if values:
        raise UsageError(what, f"{next(iter(values))!r} is not understood")
    if kind not in ("bind", "volume"):
        raise UsageError(what, f"type {kind!r} is not understood", "type=volume or type=bind")
    if (kind == "bind") != bool(source and source.startswith("/")):
        raise UsageError(what, "a bind has an absolute source, a volume a name")
    if kind == "bind" and source and not os.path.exists(source):
        raise LayerscopeError(what, "its source is not there", "-v, which makes a folder of it")
    return _mount(what, source or None, target, any(flag in ("", "true", "1") for flag in flags))


def _mount(what: str, source: str | None, target: str, read_only: bool) -> Mount:
    clean = posixpath.normpath(target)
    if not target.startswith("/") or clean.strip("/") == "":
        raise UsageError(what, "the path in the container must be absolute, not /")
    clean = "/" + clean.lstrip("/")
    if source is not None and source.startswith("/"):
        return Mount(clean, None, source, read_only)
    return Mount(clean, source, None, read_only)
