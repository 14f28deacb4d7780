"""Steps that were built before, and what is different where one has to be built anew.

A step is known by the image that it stands on and by what it is to do, files by their content and
looks but not by their times, as with Docker's classic builder. The images are images of the store:
a step is forgotten with the image that it made.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from layerscope.oci.digest import Digest

if TYPE_CHECKING:
    from layerscope.store.store import Store

ANEW = "the step before it was built anew"
_SHOWN = 3
_LOOK_AT = 50


class Inputs(NamedTuple):
    """What a step depends on besides the image below.

    ``text`` is the instruction as written, ``does`` what it comes to; ``files`` has what is copied,
    a hash by name; ``args`` the values of ARGs; ``epoch`` is SOURCE_DATE_EPOCH.
    """

    text: str
    does: str
    files: Mapping[str, str] = MappingProxyType({})
    args: Mapping[str, str] = MappingProxyType({})
    epoch: int | None = None

    def key(self) -> str:
        """The same for steps that do the same; arguments count where they change what is done."""
        return Digest.of(json.dumps([self.does, self.epoch]).encode()).hex


def find(store: Store, parent: str, inputs: Inputs) -> Digest | None:
    """The image that the step made when it was built before."""
    sql = "SELECT image FROM build_cache WHERE parent = ? AND key = ?"
    row = store.database.row(sql, parent, inputs.key())
    return Digest.parse(row[0]) if row else None


def remember(store: Store, parent: str, inputs: Inputs, image: Digest) -> None:
    """Keep what a step made."""
    values = inputs._asdict()
    values["files"], values["args"] = dict(inputs.files), dict(inputs.args)
    detail = zlib.compress(json.dumps(values).encode(), 1)
    # It lasts from when the image does that it made.
    with store.database.write(lasting=False) as tx:
        row = (parent, inputs.key(), str(image), inputs.text, detail)
        tx.execute(
            "INSERT OR REPLACE INTO build_cache (parent, key, image, text, detail)"
            " VALUES (?, ?, ?, ?, ?)",
            row,
        )


def why(store: Store, parent: str, inputs: Inputs) -> str:
    """Why the step isn't there: which file, which argument, or that it is another one."""
    rows = store.database.rows(
        "SELECT text, detail FROM build_cache WHERE parent = ? ORDER BY rowid DESC LIMIT ?",
        parent,
        _LOOK_AT,
    )
    for text, detail in rows:
        if text == inputs.text:
            return _difference(Inputs(**json.loads(zlib.decompress(detail))), inputs)
    name = inputs.text.partition(" ")[0]
    if any(text.partition(" ")[0] == name for text, _ in rows):
        return "the instruction changed"
    return "another instruction stood here" if rows else "it was not built before"


def _difference(before: Inputs, now: Inputs) -> str:
    files = _changes(before.files, now.files)
    if files:
        more = f" and {len(files) - _SHOWN} more" if len(files) > _SHOWN else ""
        return ", ".join(files[:_SHOWN]) + more
    args = [name for name in sorted({*before.args, *now.args}) if _differ(name, before, now)]
    if before.does != now.does and args:
        return f"ARG {', '.join(args)} changed"
    if before.epoch != now.epoch:
        return "SOURCE_DATE_EPOCH changed"
    return "what it comes to changed"


def _differ(name: str, before: Inputs, now: Inputs) -> bool:
    return before.args.get(name) != now.args.get(name)


def _changes(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    found = []
    for name in sorted({*before, *now}):
        if name not in before:
            found.append(f"{name} added")
        elif name not in now:
            found.append(f"{name} removed")
        elif before[name] != now[name]:
            found.append(f"{name} changed")
    return found
