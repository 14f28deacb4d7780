"""What a load, pull or push says at its end."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from layerscope.units import counted

if TYPE_CHECKING:
    from layerscope.cli.context import Context
    from layerscope.usecases.load import Loaded


def print_copied(context: Context, verb: str, done: Loaded) -> int:
    """One line that begins with ``verb``, or the JSON document."""
    if context.args.json:
        return context.print_json(asdict(done))
    names = ", ".join(done.names) or done.id
    shared = f", {done.blobs_shared} shared" if done.blobs_shared else ""
    blobs = counted(done.blobs_added, "blob")
    added = f"{blobs}, {context.size(done.bytes_added)} added{shared}"
    context.print([f"{verb} {names} ({counted(done.layers, 'layer')}; {added})"])
    return 0
