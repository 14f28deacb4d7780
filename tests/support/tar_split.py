"""Writes the tar-split of a tar, as Docker and containers-storage keep it."""

from __future__ import annotations

import base64
import io
import json
import tarfile


def split_tar(tar: bytes) -> bytes:
    """Its lines: what isn't a file's content as bytes, files by name and size."""
    lines: list[dict[str, object]] = []
    done = 0
    with tarfile.open(fileobj=io.BytesIO(tar)) as members:
        for member in members:
            lines.append(_bytes(tar[done : member.offset_data]))
            size = member.size if member.isfile() else 0
            lines.append({"type": 1, "name": member.name, "size": size, "payload": None})
            done = member.offset_data + size
    lines.append(_bytes(tar[done:]))
    text = (
        json.dumps({**line, "position": n}, separators=(",", ":")) for n, line in enumerate(lines)
    )
    return "\n".join(text).encode() + b"\n"


def _bytes(data: bytes) -> dict[str, object]:
    return {"type": 2, "payload": base64.b64encode(data).decode()}
