"""The command of a history step, as a person would have written it in a Dockerfile."""

from __future__ import annotations

import re

from layerscope.oci.created_by import parse_created_by

_CONTENT_HASH = re.compile(r"\b((?:file|dir|multi):[0-9a-f]{8})[0-9a-f]+")
_PORTS = re.compile(r"^EXPOSE map\[(.*)\]$")
_BLANKS = re.compile(r"(?:\\\n|\s)+")


def command_text(created_by: str) -> str:
    """``created_by`` without what builders put around it; in one line."""
    made = parse_created_by(created_by)
    plain = f"{made.name} {made.text}" if made.name else made.text
    plain = _PORTS.sub(lambda ports: f"EXPOSE {ports[1]}".replace(":{}", ""), plain)
    plain = _CONTENT_HASH.sub(r"\1…", plain)
    return _BLANKS.sub(" ", plain).strip()
