"""What is known of a container besides its files."""

from __future__ import annotations

import enum
import json
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self

from layerscope.oci.digest import Digest


class State(enum.Enum):
    """Docker's words for what a container does."""

    CREATED = "created"
    RUNNING = "running"
    EXITED = "exited"


@dataclass(frozen=True, slots=True)
class Mount:
    """Something mounted at ``target``: a volume by name, or a folder of the host."""

    target: str
    volume: str | None = None
    source: str | None = None
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class Settings:
    """What a container runs and how."""

    command: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    working_dir: str = ""
    user: str = ""


@dataclass(frozen=True, slots=True)
class Container:
    """A container. ``image_name`` is what its image was called when it was made; times are
    RFC 3339."""

    id: str
    name: str
    image: Digest
    image_name: str
    created: str
    settings: Settings = field(default_factory=Settings)
    mounts: tuple[Mount, ...] = ()
    state: State = State.CREATED
    exit_code: int | None = None
    started_at: str = ""
    finished_at: str = ""

    @property
    def short(self) -> str:
        """The first 12 digits of its ID, as Docker shows it."""
        return self.id[:12]

    @property
    def volumes(self) -> tuple[str, ...]:
        """Names of its volumes."""
        return tuple(mount.volume for mount in self.mounts if mount.volume)

    def to_record(self) -> str:
        """What has no column of its own, as JSON."""
        values: dict[str, Any] = {
            "image_name": self.image_name,
            "settings": asdict(self.settings),
            "state": self.state.value,
            "exit_code": self.exit_code,
            "started_at": self.started_at,
            "finished_at": self.finished_at,
        }
        return json.dumps(values)

    @classmethod
    def from_record(cls, row: tuple[str, str, str, str, str], mounts: tuple[Mount, ...]) -> Self:
        """A container of its database row (id, name, image, created, record)."""
        identity, name, image, created, record = row
        values = json.loads(record)
        settings = values.pop("settings")
        lists = {key: tuple(settings[key]) for key in ("command", "env")}
        return cls(
            id=identity,
            name=name,
            image=Digest.parse(image),
            created=created,
            settings=Settings(**{**settings, **lists}),
            mounts=mounts,
            **{**values, "state": State(values["state"])},
        )

    def renamed(self, name: str) -> Self:
        """The same under another name."""
        return replace(self, name=name)
