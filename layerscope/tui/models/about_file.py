"""What is known of a file, as keys and values; and the layers that touched it."""

from __future__ import annotations

from collections.abc import Sequence

from layerscope.analysis.blame import Touch
from layerscope.archive.entry import Entry, Kind
from layerscope.index.change import Change
from layerscope.tui.models.file_lines import time_text
from layerscope.tui.models.file_row import CHANGE_LETTERS, CHANGE_ROLES, mode_text
from layerscope.tui.safe_text import fit, fit_left, safe_name, safe_text
from layerscope.units import size_text

Span = tuple[str, str]

_KINDS = {
    Kind.FILE: "file",
    Kind.DIR: "directory",
    Kind.SYMLINK: "symbolic link",
    Kind.HARDLINK: "file with several names (hard link)",
    Kind.CHAR: "character device",
    Kind.BLOCK: "block device",
    Kind.FIFO: "named pipe",
    Kind.SOCKET: "socket",
    Kind.WHITEOUT: "whiteout: it hides a file of a lower layer",
}
_CHANGES = {
    Change.UNCHANGED: "unchanged",
    Change.ADDED: "added",
    Change.MODIFIED: "modified",
    Change.METADATA: "metadata only",
    Change.REMOVED: "removed",
    Change.REPEATED: "repeated",
}
_KEY = 9
_XATTR_BYTES = 64


def facts_of(
    entry: Entry, layer: int, fact: str, *, verified: bool = True
) -> list[tuple[str, str]]:
    """(key, value) of everything an entry says; ``fact`` is what its content was found to be.

    What isn't ``verified`` a table of contents says, which knows no xxh3.
    """
    has_content = entry.kind in (Kind.FILE, Kind.HARDLINK)
    facts = [
        ("path", "/" + safe_name(entry.path)),
        ("kind", _KINDS[entry.kind]),
        ("content", fact),
        ("link to", safe_name(entry.link)),
        ("device", f"{entry.device[0]}, {entry.device[1]}" if any(entry.device) else ""),
        ("size", f"{size_text(entry.size)} ({entry.size:,} bytes)" if has_content else ""),
        ("mode", f"{mode_text(entry)} ({entry.mode & 0o7777:04o})"),
        ("owner", f"{entry.uid}:{entry.gid}"),
        ("modified", f"{time_text(entry.mtime)}:{entry.mtime % 60:02} UTC"),
        ("layer", str(layer)),
        ("xxh3", f"{entry.xxh3:016x}" if has_content and verified else ""),
        ("sparse", f"{len(entry.sparse)} stored extents" if entry.sparse is not None else ""),
    ]
    xattrs = ((f"{safe_name(k)} = {_value(v)}") for k, v in sorted(entry.xattrs.items()))
    return [(key, value) for key, value in facts if value] + [("xattr", one) for one in xattrs]


def _value(value: bytes) -> str:
    shown = safe_name(value[:_XATTR_BYTES])
    return shown + ("…" if len(value) > _XATTR_BYTES else "")


class TouchLines:
    """Every layer that touched a path, bottom up, and below them what is known of the file."""

    def __init__(
        self, touches: Sequence[Touch], commands: Sequence[str], facts: Sequence[tuple[str, str]]
    ) -> None:
        self.touches = touches
        self._commands = commands
        self._facts = facts

    def __len__(self) -> int:
        return len(self.touches) + (len(self._facts) + 1 if self._facts else 0)

    def spans(self, index: int, width: int) -> Sequence[Span]:
        """A layer, or a fact."""
        if index < len(self.touches):
            return self._touch(self.touches[index], width)
        if index == len(self.touches):
            return [("", "")]
        key, value = self._facts[index - len(self.touches) - 1]
        return [(f" {fit(key, _KEY)} ", "accent"), (fit(value, max(1, width - _KEY - 2)), "")]

    def _touch(self, touch: Touch, width: int) -> list[Span]:
        entry = touch.entry
        size = size_text(entry.size) if entry is not None else ""
        spans = [
            (f" {fit_left(str(touch.layer), 3)} ", "strong"),
            (f"{CHANGE_LETTERS[touch.change]} ", CHANGE_ROLES[touch.change]),
            (f"{fit(_CHANGES[touch.change], 13)} ", CHANGE_ROLES[touch.change]),
            (f"{fit_left(size, 7)} ", ""),
            (f"{fit(mode_text(entry) if entry is not None else '', 10)} ", "dim"),
        ]
        room = width - sum(len(text) for text, _ in spans)
        command = safe_text(self._commands[touch.layer])
        return [*spans, (fit(command, room), "")] if room >= 10 else spans
