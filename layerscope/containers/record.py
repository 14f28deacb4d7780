"""What is known of a container besides its files."""

from __future__ import annotations

import enum
import json
from typing import Any, NamedTuple, Self

from layerscope.oci.digest import Digest


class State(enum.Enum):
    """Docker's words for what a container does."""

    CREATED = "created"
    RUNNING = "running"
    EXITED = "exited"


class Mount(NamedTuple):
    """Something mounted at ``target``: a volume by name, or a folder of the host."""

    target: str
    volume: str | None = None
    source: str | None = None
    read_only: bool = False


class Settings(NamedTuple):
    """What a container runs and how. ``command`` begins with the ``entrypoint`` words that are its
    entrypoint. ``network`` is ``none`` or ``host``; ``toolbox`` lends it the host's busybox;
    ``remove`` lets it go when it ends; ``stop_signal`` is what ends it."""

    command: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    working_dir: str = ""
    user: str = ""
    hostname: str = ""
    network: str = "none"
    terminal: bool = False
    interactive: bool = False
    toolbox: bool = False
    remove: bool = False
    stop_signal: str = "SIGTERM"
    entrypoint: int = 0


class Life(NamedTuple):
    """The processes of a running container: its init, and who watches over it, with the time when
    that began (clock ticks since boot) and the run of the machine that it was in."""

    pid: int
    monitor: int
    monitor_started: int
    boot: str


class Container(NamedTuple):
    """A container. ``image_name`` is what its image was called when it was made; times are
    RFC 3339."""

    id: str
    name: str
    image: Digest
    image_name: str
    created: str
    settings: Settings = Settings()
    mounts: tuple[Mount, ...] = ()
    state: State = State.CREATED
    exit_code: int | None = None
    started_at: str = ""
    finished_at: str = ""
    life: Life | None = None

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
            "settings": self.settings._asdict(),
            "state": self.state.value,
            "exit_code": self.exit_code,
            "started_at": self.started_at,
            "finished_at": self.finished_at,
            "life": self.life._asdict() if self.life else None,
        }
        return json.dumps(values)

    @classmethod
    def from_record(cls, row: tuple[str, str, str, str, str], mounts: tuple[Mount, ...]) -> Self:
        """A container of its database row (id, name, image, created, record)."""
        identity, name, image, created, record = row
        values = json.loads(record)
        settings = values.pop("settings")
        lists = {key: tuple(settings[key]) for key in ("command", "env")}
        life = values.pop("life", None)
        return cls(
            id=identity,
            name=name,
            image=Digest.parse(image),
            created=created,
            settings=Settings(**{**settings, **lists}),
            mounts=mounts,
            life=Life(**life) if life else None,
            **{**values, "state": State(values["state"])},
        )

    def renamed(self, name: str) -> Self:
        """The same under another name."""
        return self._replace(name=name)
