"""What `docker save` and `layerscope save` wrote, as plain values to compare."""

from __future__ import annotations

import hashlib
import io
import json
import re
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_HASH = re.compile(r"(file|dir|multi):[0-9a-f]{64}")
# Of a container rather than of an image, or of the daemon that made it.
OF_THE_DAEMON = frozenset(
    ("Hostname", "Domainname", "AttachStdin", "AttachStdout", "AttachStderr", "Tty", "OpenStdin")
) | frozenset(("StdinOnce", "Image", "ArgsEscaped"))


@dataclass(frozen=True)
class Saved:
    """An image: its config's ``config``, its history rows, its layers as rows by path.

    A row is (type, mode, uid, gid, symlink's target, hash of a file's content, its capability);
    that of a hard link has its first name behind these.
    """

    config: dict[str, Any]
    author: str
    history: list[tuple[str, bool]]
    layers: list[dict[str, tuple[Any, ...]]]


def read_saved(file: Path) -> Saved:
    """Read a docker-archive of one image."""
    with tarfile.open(file) as archive:

        def content(name: str) -> bytes:
            found = archive.extractfile(name)
            assert found is not None
            return found.read()

        (entry,) = json.loads(content("manifest.json"))
        config = json.loads(content(entry["Config"]))
        layers = [_rows(content(name)) for name in entry["Layers"]]
    history = [
        (_HASH.sub(r"\1:HASH", step.get("created_by", "")), bool(step.get("empty_layer")))
        for step in config["history"]
    ]
    inner = {k: v for k, v in config["config"].items() if k not in OF_THE_DAEMON and v}
    return Saved(inner, config.get("author", ""), history, layers)


def _rows(data: bytes) -> dict[str, tuple[Any, ...]]:
    rows: dict[str, tuple[Any, ...]] = {}
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        for info in tar:
            name = info.name.removeprefix("./").rstrip("/")
            if not name:
                continue
            if info.islnk():
                first = info.linkname.removeprefix("./")
                rows[name] = (*rows[first], first)
                continue
            whiteout = Path(name).name.startswith(".wh.")
            mode = 0 if whiteout or info.issym() else info.mode & 0o7777
            hashed = ""
            if info.isreg():
                found = tar.extractfile(info)
                assert found is not None
                hashed = hashlib.sha256(found.read()).hexdigest()[:16]
            capability = info.pax_headers.get("SCHILY.xattr.security.capability", "")
            looks = (info.type, mode, info.uid, info.gid, info.linkname)
            rows[name] = (*looks, hashed, capability)
    return rows


def differences(ours: Saved, theirs: Saved) -> list[str]:
    """Every way in which two images differ, in words."""
    found = [
        f"config {key}: {ours.config.get(key)!r}, Docker {theirs.config.get(key)!r}"
        for key in sorted({*ours.config, *theirs.config})
        if ours.config.get(key) != theirs.config.get(key)
    ]
    if ours.author != theirs.author:
        found.append(f"author: {ours.author!r}, Docker {theirs.author!r}")
    if ours.history != theirs.history:
        pairs = _pairs(ours.history, theirs.history)
        found += [f"history {a!r}, Docker {b!r}" for a, b in pairs if a != b]
    for number, (one, other) in enumerate(_pairs(ours.layers, theirs.layers)):
        one, other = one or {}, other or {}
        found += [
            f"layer {number} {path}: {one.get(path)!r}, Docker {other.get(path)!r}"
            for path in sorted({*one, *other})
            if one.get(path) != other.get(path)
        ]
    return found


def _pairs(ours: list[Any], theirs: list[Any]) -> list[tuple[Any, Any]]:
    longest = max(len(ours), len(theirs))
    missing = [None] * longest
    return list(zip([*ours, *missing][:longest], [*theirs, *missing][:longest], strict=True))
