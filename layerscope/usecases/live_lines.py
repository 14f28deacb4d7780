"""What the explorer and the process that watches containers for it say to each other.

``python -m layerscope.usecases.live`` reads one JSON object a line on standard input and writes one
a line on standard output. The first line that it reads is ``{"root": …, "others": …}``, the store
and whether other engines' containers are to be watched (see :class:`Others`). Then come requests,
and go events: the dataclasses here. A line is ``{"name": …, …fields}``; small values that come in
thousands are arrays of their fields in order. Paths are text with what is not UTF-8 as surrogates,
as ``os.fsdecode`` has it. Both sides end with their input.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import astuple, dataclass
from typing import Any

from layerscope.accounting.live.figures import (
    Figures,
    Happening,
    Mark,
    Moment,
    Rates,
    Row,
    Source,
    Why,
)

OWN = "layerscope"


@dataclass(frozen=True, slots=True)
class LiveContainer:
    """A container as the explorer's table has it.

    ``image`` is a name; ``state`` one of ``created``, ``running``, ``exited``, with other engines
    any of Docker's; times are RFC 3339, empty for never; ``image_size`` is bytes, None if unknown;
    ``volumes`` are names, ``mounts`` the paths in the container that something is mounted at;
    ``origin`` is whose it is: ``layerscope``, ``docker``, ``podman``, ``buildah``; ``blocked`` says
    why its layer can't be read in place, ``in_blocks`` that its engine counts disk blocks.
    """

    id: str
    name: str
    image: str
    state: str
    exit_code: int | None
    created: str
    started_at: str
    command: str
    image_size: int | None
    volumes: tuple[str, ...] = ()
    mounts: tuple[str, ...] = ()
    origin: str = OWN
    blocked: str = ""
    in_blocks: bool = False

    @property
    def is_up(self) -> bool:
        """Whether it has processes."""
        return self.state in ("running", "paused", "restarting")


@dataclass(frozen=True, slots=True)
class Growing:
    """A path and by how many bytes it grew in the last minute; ``size`` is its size now."""

    path: bytes
    delta: int
    size: int


@dataclass(frozen=True, slots=True)
class Containers:
    """All containers, newest first; sent when the set or what is said of one changes."""

    rows: tuple[LiveContainer, ...]


@dataclass(frozen=True, slots=True)
class Measured:
    """What a container's writable layer holds; sent when that changes."""

    id: str
    figures: Figures


@dataclass(frozen=True, slots=True)
class Fed:
    """What happened in a container, oldest first."""

    id: str
    happenings: tuple[Happening, ...]


@dataclass(frozen=True, slots=True)
class Rows:
    """Paths of the opened container's writable layer, by path.

    With ``first`` what was sent before is void and the whole list begins; it goes on, without
    ``first``, in lines that look like changes. ``gone`` are paths to drop before ``rows`` are put
    in.
    """

    id: str
    first: bool
    rows: tuple[Row, ...] = ()
    gone: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Top:
    """The paths of the opened container that grew most in the last minute."""

    id: str
    growing: tuple[Growing, ...]


@dataclass(frozen=True, slots=True)
class Timeline:
    """The opened container's timeline, oldest first; sent whole, when it has grown. Of every other
    of the store's the last minutes, once."""

    id: str
    moments: tuple[Moment, ...]


@dataclass(frozen=True, slots=True)
class Then:
    """The largest files, as (path, size), of a container as they were kept last at or before
    ``asked``: at ``time``, None if nothing was kept. ``left_out`` counts smaller ones, whose bytes
    together are ``rest``."""

    id: str
    asked: float
    time: float | None
    rows: tuple[tuple[bytes, int], ...] = ()
    left_out: int = 0
    rest: int = 0


@dataclass(frozen=True, slots=True)
class Failed:
    """Something went wrong; the process goes on if it can."""

    what: str
    why: str
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class Open:
    """Send the rows, happenings, top and timeline of a container; one can be open at a time."""

    id: str


@dataclass(frozen=True, slots=True)
class Close:
    """No more of them."""

    id: str


@dataclass(frozen=True, slots=True)
class At:
    """Tell what was there at a time, with :class:`Then`."""

    id: str
    time: float


@dataclass(frozen=True, slots=True)
class Others:
    """Watch the containers of other engines as well, or no longer."""

    wanted: bool


Event = Containers | Measured | Fed | Rows | Top | Timeline | Then | Failed
Request = Open | Close | At | Others


class BadLine(ValueError):
    """A line that none of this is."""


def to_line(message: Event | Request) -> bytes:
    """One line, with its end."""
    encode, _ = _CODECS[type(message).__name__]
    values = {"name": type(message).__name__, **encode(message)}
    return json.dumps(values, separators=(",", ":")).encode() + b"\n"


def from_line(line: bytes) -> Event | Request:
    """What a line says. Raises BadLine."""
    try:
        values = json.loads(line)
        _, decode = _CODECS[values.pop("name")]
        message: Event | Request = decode(values)
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise BadLine(repr(line[:80])) from error
    return message


def path_text(path: bytes) -> str:
    """A path as text that JSON can carry."""
    return path.decode("utf-8", "surrogateescape")


def path_bytes(text: str) -> bytes:
    """The path again."""
    return text.encode("utf-8", "surrogateescape")


Values = Mapping[str, Any]


def _plain(message: Any) -> Values:
    return {name: getattr(message, name) for name in message.__dataclass_fields__}


def _containers(message: Containers) -> Values:
    return {"rows": [dict(_plain(row)) for row in message.rows]}


def _to_containers(values: Values) -> Containers:
    lists = ("volumes", "mounts")
    rows = ({**row, **{key: tuple(row[key]) for key in lists}} for row in values["rows"])
    return Containers(tuple(LiveContainer(**row) for row in rows))


def _measured(message: Measured) -> Values:
    figures = message.figures
    values = {**_plain(figures), "source": figures.source.name}
    values["why"], values["rates"] = astuple(figures.why), astuple(figures.rates)
    return {"id": message.id, "figures": values}


def _to_measured(values: Values) -> Measured:
    given = values["figures"]
    known = {
        "why": Why(*given["why"]),
        "rates": Rates(*given["rates"]),
        "source": Source[given["source"]],
    }
    return Measured(values["id"], Figures(**{**given, **known}))


def _fed(message: Fed) -> Values:
    rows = [
        (h.time, h.did, path_text(h.path), h.delta, h.size, h.from_layer, h.written, h.count)
        for h in message.happenings
    ]
    return {"id": message.id, "happenings": rows}


def _to_fed(values: Values) -> Fed:
    rows = values["happenings"]
    return Fed(
        values["id"],
        tuple(Happening(time, did, path_bytes(path), *rest) for time, did, path, *rest in rows),
    )


def _rows(message: Rows) -> Values:
    rows = [
        (
            path_text(row.path),
            row.mark.value,
            row.kind,
            row.size,
            row.mtime,
            row.from_layer,
            row.below,
            row.opaque,
        )
        for row in message.rows
    ]
    gone = [path_text(path) for path in message.gone]
    return {"id": message.id, "first": message.first, "rows": rows, "gone": gone}


_MARKS = {mark.value: mark for mark in Mark}


def _to_rows(values: Values) -> Rows:
    return Rows(
        values["id"],
        values["first"],
        tuple(Row(path_bytes(path), _MARKS[mark], *rest) for path, mark, *rest in values["rows"]),
        tuple(path_bytes(path) for path in values["gone"]),
    )


def _top(message: Top) -> Values:
    rows = [(path_text(one.path), one.delta, one.size) for one in message.growing]
    return {"id": message.id, "growing": rows}


def _to_top(values: Values) -> Top:
    rows = (Growing(path_bytes(path), *rest) for path, *rest in values["growing"])
    return Top(values["id"], tuple(rows))


def _timeline(message: Timeline) -> Values:
    moments = [
        (m.time, m.size, m.files, [(path_text(path), delta) for path, delta in m.changes])
        for m in message.moments
    ]
    return {"id": message.id, "moments": moments}


def _to_timeline(values: Values) -> Timeline:
    moments = (
        Moment(time, size, files, tuple((path_bytes(path), delta) for path, delta in changes))
        for time, size, files, changes in values["moments"]
    )
    return Timeline(values["id"], tuple(moments))


def _then(message: Then) -> Values:
    return {**_plain(message), "rows": [(path_text(path), size) for path, size in message.rows]}


def _to_then(values: Values) -> Then:
    rows = tuple((path_bytes(path), size) for path, size in values["rows"])
    return Then(**{**values, "rows": rows})


_CODECS: dict[str, tuple[Callable[[Any], Values], Callable[[Values], Any]]] = {
    "Containers": (_containers, _to_containers),
    "Measured": (_measured, _to_measured),
    "Fed": (_fed, _to_fed),
    "Rows": (_rows, _to_rows),
    "Top": (_top, _to_top),
    "Timeline": (_timeline, _to_timeline),
    "Then": (_then, _to_then),
    "Failed": (_plain, lambda values: Failed(**values)),
    "Open": (_plain, lambda values: Open(**values)),
    "Close": (_plain, lambda values: Close(**values)),
    "At": (_plain, lambda values: At(**values)),
    "Others": (_plain, lambda values: Others(**values)),
}
