"""Docker's containers, as its daemon tells of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from layerscope.archive.overlay import Namespace
from layerscope.containers.foreign.container import (
    ForeignContainer,
    ForeignMount,
    Layers,
    State,
    why_not,
)
from layerscope.containers.foreign.mounted import mounted_layers
from layerscope.oci.document import Document, InvalidDocument
from layerscope.sources.docker_daemon.client import DockerRefused
from layerscope.sources.found import Engine

if TYPE_CHECKING:
    from layerscope.sources.docker_daemon.client import DockerClient

_IN_PLACE = "overlay2"
_OF_CONTAINERD = ("", "overlayfs")  # its snapshotter; newer ones say nothing here
_INIT = "-init"
_ENDED = frozenset((State.EXITED, State.DEAD))
_NEVER = "0001-01-01T00:00:00Z"


def docker_containers(client: DockerClient) -> list[ForeignContainer]:
    """Running or not, newest first. Raises NoDaemon, DockerRefused, InvalidDocument."""
    return DockerList(client).containers()


class DockerList:
    """Lists again and again, and asks about a container only what it doesn't know."""

    def __init__(self, client: DockerClient) -> None:
        self.client = client
        self._namespace: Namespace | None = None
        self._sizes: dict[str, object] = {}
        self._known: dict[str, tuple[object, ForeignContainer]] = {}

    def containers(self) -> list[ForeignContainer]:
        """As :func:`docker_containers`; ``status`` is that of when something else changed."""
        rows = self.client.documents("/containers/json", {"all": "1"})
        if not all(row.text("ImageID", "") in self._sizes for row in rows):
            listed = self.client.documents("/images/json")
            self._sizes = {row.text("ImageID", ""): None for row in rows}
            self._sizes |= {one.text("Id"): one.values.get("Size") for one in listed}
        found = [self._container(row) for row in rows]
        self._known = {one.id: self._known[one.id] for one in found if one}
        return [one for one in found if one]

    def _container(self, row: Document) -> ForeignContainer | None:
        """None if it is gone since."""
        identity = row.text("Id")
        # "Exited (1) 2 hours ago": what comes after the code only tells how time goes by.
        code = (
            row.text("Status", "").partition(")")[0] if row.text("State", "") != "running" else ""
        )
        seen = (row.values.get("Names"), row.values.get("State"), code)
        known = self._known.get(identity)
        if known is not None and known[0] == seen:
            return known[1]
        if self._namespace is None:
            self._namespace = _namespace(self.client.document("/info"))
        try:
            inspected = self.client.document(f"/containers/{identity}/json")
        except DockerRefused:
            return None
        size = self._sizes.get(row.text("ImageID", ""))
        found = _container(self.client, row, inspected, size, self._namespace)
        self._known[identity] = (seen, found)
        return found


def docker_figures(client: DockerClient, container_id: str) -> tuple[int, int]:
    """The bytes of its writable layer, and with its image, as the daemon counts them.

    Raises NoDaemon, DockerRefused, InvalidDocument.
    """
    told = client.document(f"/containers/{container_id}/json", {"size": "1"})
    return told.size_or("SizeRw", 0), told.size_or("SizeRootFs", 0)


def docker_changes(client: DockerClient, container_id: str) -> list[tuple[str, str]]:
    """Letters and paths, as `docker diff` has them, by path. Raises as :func:`docker_figures`."""
    found = []
    for one in client.documents(f"/containers/{container_id}/changes"):
        kind = one.values.get("Kind")
        if kind not in (0, 1, 2):
            raise InvalidDocument("docker", "it tells of an unknown kind of change")
        found.append((one.text("Path"), "CAD"[kind]))
    return [(letter, path) for path, letter in sorted(found)]


def _namespace(info: Document) -> Namespace:
    """A rootless daemon's overlays have their marks in the user's namespace."""
    status = info.values.get("DriverStatus")
    rootless = isinstance(status, list) and ["userxattr", "true"] in status
    return Namespace.USER if rootless else Namespace.TRUSTED


def _container(
    client: DockerClient, row: Document, inspected: Document, size: object, namespace: Namespace
) -> ForeignContainer:
    names = row.texts("Names")
    state, life = State.of(row.text("State", "")), inspected.child("State") or Document({}, "")
    exit_code = life.values.get("ExitCode")
    layers, blocked = _layers(client, inspected, namespace)
    # Of an image the daemon counts the compressed content, too; under a container it doesn't.
    counts_blocks = layers is not None and layers.in_blocks
    return ForeignContainer(
        engine=Engine.DOCKER,
        id=row.text("Id"),
        name=names[0].removeprefix("/") if names else "",
        image=row.text("Image", ""),
        image_id=row.text("ImageID", ""),
        command=(inspected.text("Path", ""), *inspected.texts("Args")),
        created=inspected.text("Created", ""),
        state=state,
        status=row.text("Status", ""),
        exit_code=exit_code if state in _ENDED and isinstance(exit_code, int) else None,
        started_at=life.text("StartedAt", "").replace(_NEVER, ""),
        layers=layers,
        blocked=blocked,
        image_size=size if isinstance(size, int) and not counts_blocks else None,
        mounts=tuple(_mount(one) for one in row.children("Mounts")),
        daemon=client.address,
    )


def _layers(
    client: DockerClient, inspected: Document, namespace: Namespace
) -> tuple[Layers | None, str]:
    """Its directories, or why they can't be read in place."""
    graph = inspected.child("GraphDriver")
    name = graph.text("Name", "") if graph else ""
    data = graph.child("Data") if graph else None
    if name in _OF_CONTAINERD and data is None:
        return _snapshots(client, inspected)
    if data is None or name != _IN_PLACE:
        return None, f"Docker's storage driver {name} isn't read in place"
    upper = Path(data.path("UpperDir", ""))
    if not upper.is_absolute():
        return None, "Docker says that it has no folder"
    lower = [Path(text) for text in data.path("LowerDir", "").split(":") if text][::-1]
    image = sum(not path.parent.name.endswith(_INIT) for path in lower)
    return _readable(Layers(upper, tuple(lower), image, namespace))


def _snapshots(client: DockerClient, inspected: Document) -> tuple[Layers | None, str]:
    """The same of containerd's snapshots, which Docker doesn't name: the kernel does, as long as
    the container runs."""
    pid = (inspected.child("State") or Document({}, "")).values.get("Pid")
    if not isinstance(pid, int) or pid <= 0:
        return None, "where it lies is told only while it runs"
    identity = inspected.text("Id", "")
    found = mounted_layers(pid, identity) if client.address.socket else None
    if found is None:
        return None, "its snapshot can't be seen from here"
    return _readable(found)


def _readable(layers: Layers) -> tuple[Layers | None, str]:
    blocked = next((why for path in (layers.upper, *layers.lower) if (why := why_not(path))), "")
    return (None, blocked) if blocked else (layers, "")


def _mount(document: Document) -> ForeignMount:
    return ForeignMount(
        document.text("Destination", ""),
        document.text("Source", ""),
        document.text("Name", ""),
        not document.flag("RW"),
    )
