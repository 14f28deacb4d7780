"""Podman's and Buildah's containers, read in their storage.

Podman keeps its own notes in a database that only it may open; what it leaves beside is enough:
``userdata/config.json`` (the OCI runtime's, from the first start on), and below the run root
``userdata/pidfile`` while it runs.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from layerscope.archive.overlay import Namespace
from layerscope.containers.foreign.container import (
    ForeignContainer,
    ForeignMount,
    Layers,
    State,
    why_not,
)
from layerscope.oci.document import Document, InvalidDocument
from layerscope.sources.containers_storage.settings import is_rootless
from layerscope.sources.containers_storage.storage import chain, version_of
from layerscope.sources.found import Engine

if TYPE_CHECKING:
    from layerscope.sources.containers_storage.storage import (
        ContainerRecord,
        ImageRecord,
        LayerRecord,
        Storage,
    )

_MAX_BYTES = 8 << 20


def podman_containers(storage: Storage) -> list[ForeignContainer]:
    """All of them, newest first. Raises NoStorage, InvalidDocument."""
    return PodmanList(storage).containers()


class PodmanList:
    """Lists again and again, and reads only what was written since."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._seen: object = None
        self._layers: dict[str, LayerRecord] = {}
        self._images: dict[str, ImageRecord] = {}
        self._records: list[ContainerRecord] = []
        self._known: dict[str, tuple[object, ForeignContainer]] = {}

    def containers(self) -> list[ForeignContainer]:
        """As :func:`podman_containers`."""
        storage, seen = self._storage, self._storage.version()
        if seen != self._seen:
            records = storage.containers()
            self._records = sorted(records, key=lambda record: record.created, reverse=True)
            self._layers = storage.layers()
            self._images = {image.id: image for image in storage.images()}
            self._seen = seen
            self._known.clear()
        return [self._container(record) for record in self._records]

    def _container(self, record: ContainerRecord) -> ForeignContainer:
        running = _is_running(self._storage, record.id)
        seen = (running, version_of(_userdata(self._storage, record.id) / "config.json"))
        known = self._known.get(record.id)
        if known is not None and known[0] == seen:
            return known[1]
        image = self._images.get(record.image)
        found = _container(self._storage, record, self._layers, image, running)
        self._known[record.id] = (seen, found)
        return found


def _container(
    storage: Storage,
    record: ContainerRecord,
    layers: dict[str, LayerRecord],
    image: ImageRecord | None,
    running: bool,
) -> ForeignContainer:
    metadata, spec = _metadata(record), _spec(storage, record.id)
    found, blocked = _layers(storage, record, layers)
    engine = Engine.PODMAN if metadata else Engine.BUILDAH
    named = image.names[0] if image and image.names else record.image[:12]
    ended = State.EXITED if spec else State.CREATED
    state = State.RUNNING if running else ended
    return ForeignContainer(
        engine=engine,
        id=record.id,
        name=record.names[0] if record.names else "",
        image=_text(metadata, "image-name") or named,
        image_id=f"sha256:{record.image}" if record.image else "",
        command=_command(spec),
        created=record.created,
        state=state,
        status=state.value,
        exit_code=None,
        started_at="",
        layers=found,
        blocked=blocked,
        mounts=_mounts(spec),
    )


def _layers(
    storage: Storage, record: ContainerRecord, layers: dict[str, LayerRecord]
) -> tuple[Layers | None, str]:
    """Its directories, or why they can't be read in place."""
    if storage.driver != "overlay":
        return None, f"the storage driver {storage.driver} keeps no layer of what was written"
    try:
        own = chain(layers, record.layer)
    except InvalidDocument as error:
        return None, error.why
    if not own:
        return None, "it has no layer"
    *lower, upper = (storage.files(layer.id) for layer in own)
    blocked = next((why for path in (upper, *lower) if (why := why_not(path))), "")
    if blocked:
        return None, blocked
    namespace = Namespace.USER if is_rootless(os.environ) else Namespace.TRUSTED
    return Layers(upper, tuple(lower), len(lower), namespace), ""


def _is_running(storage: Storage, container: str) -> bool:
    folder = storage.run_root / f"{storage.driver}-containers" / container / "userdata"
    pid = _read(folder / "pidfile").strip()
    return pid.isdigit() and Path("/proc", os.fsdecode(pid)).exists()


def _userdata(storage: Storage, container: str) -> Path:
    return storage.root / f"{storage.driver}-containers" / container / "userdata"


def _metadata(record: ContainerRecord) -> dict[str, Any]:
    """Podman's own words; Buildah writes none."""
    if not record.metadata:
        return {}
    return Document.parse(record.metadata.encode(), f"container {record.id[:12]}").values


def _spec(storage: Storage, container: str) -> dict[str, Any]:
    """The OCI runtime's config, {} before the first start."""
    try:
        values = json.loads(_read(_userdata(storage, container) / "config.json") or b"{}")
    except (ValueError, RecursionError):
        return {}
    return values if isinstance(values, dict) else {}


def _command(spec: dict[str, Any]) -> tuple[str, ...]:
    process = spec.get("process")
    words = process.get("args") if isinstance(process, dict) else None
    return tuple(map(str, words)) if isinstance(words, list) else ()


def _mounts(spec: dict[str, Any]) -> tuple[ForeignMount, ...]:
    """What is bound into it, but for what Podman itself brings along."""
    found = []
    mounts = spec.get("mounts")
    for mount in mounts if isinstance(mounts, list) else ():
        if not isinstance(mount, dict) or mount.get("type") != "bind":
            continue
        source = Path(_text(mount, "source"))
        if "userdata" in source.parts:
            continue
        volume = source.parent.name if source.name == "_data" else ""
        options = mount.get("options")
        read_only = isinstance(options, list) and "ro" in options
        found.append(ForeignMount(_text(mount, "destination"), str(source), volume, read_only))
    return tuple(found)


def _text(values: dict[str, Any], key: str) -> str:
    value = values.get(key)
    return value if isinstance(value, str) else ""


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_MAX_BYTES)
    except OSError:
        return b""
