"""What an operation did to a writable layer, in words and for programs."""

from __future__ import annotations

from collections.abc import Callable

from layerscope.cli.text import exact, shown
from layerscope.cow.events import Did, Event


def event_text(event: Event, size: Callable[[int], str]) -> str:
    """One line: ``copied up /etc/motd: 24B of data from layer 0 (+24B)``."""
    text = f"{event.did.value} {shown(_path(event))}"
    if event.did is Did.COPIED_UP:
        what = f"{size(event.copied)} of data" if event.copied else "metadata alone"
        text += f": {what} from layer {event.layer}"
    elif event.did is Did.MOVED and event.other is not None:
        text = f"moved {shown(b'/' + event.other)} to {shown(_path(event))}"
    elif event.did is Did.LINKED and event.other is not None:
        text += f" to {shown(b'/' + event.other)}"
    if event.delta:
        text += f" ({'+' if event.delta > 0 else '-'}{size(abs(event.delta))})"
    return text


def event_document(event: Event) -> dict[str, object]:
    """The same for programs; sizes in bytes."""
    other = None if event.other is None else exact(b"/" + event.other)
    return {
        "did": event.did.value,
        "path": exact(_path(event)),
        "delta": event.delta,
        "layer": event.layer,
        "copied": event.copied,
        "other": other,
    }


def _path(event: Event) -> bytes:
    return b"/" + event.path
