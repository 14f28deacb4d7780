"""The images of a daemon, as `docker images` lists them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from layerscope.oci.digest import Digest
from layerscope.oci.reference import familiar_names
from layerscope.sources.docker_daemon.told import rfc3339
from layerscope.sources.found import Engine, FoundImage

if TYPE_CHECKING:
    from layerscope.oci.document import Document
    from layerscope.sources.docker_daemon.client import DockerClient


def list_images(client: DockerClient, *, every: bool = False) -> list[FoundImage]:
    """Those with a name and those that nothing stands on; all of them with ``every``. Raises
    NoDaemon, DockerRefused, InvalidDocument, InvalidDigest."""
    asked = "/images/json?all=1" if every else "/images/json"
    return [_found(one) for one in client.documents(asked)]


def _found(document: Document) -> FoundImage:
    identity = str(Digest.parse(document.text("Id")))
    names = familiar_names(document.texts("RepoTags"))
    created = document.values.get("Created")
    return FoundImage(
        Engine.DOCKER,
        identity,
        names,
        rfc3339(created) if isinstance(created, int) else "",
        document.size_or("Size", 0),
        f"docker-daemon:{names[0] if names else identity}",
    )
