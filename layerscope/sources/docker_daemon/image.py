"""``docker-daemon:REF``: an image of a running Docker."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING

from layerscope.errors import UsageError
from layerscope.oci.digest import Digest
from layerscope.oci.reference import familiar_names
from layerscope.sources.docker_daemon.address import find_address
from layerscope.sources.docker_daemon.client import DockerClient, DockerRefused, part
from layerscope.sources.docker_daemon.content_store import open_in_content_store
from layerscope.sources.docker_daemon.data_root import open_in_place
from layerscope.sources.docker_daemon.saved import SavedImage
from layerscope.sources.docker_daemon.told import told_config, told_platform
from layerscope.sources.image import Image, Layer, NotAnImage

if TYPE_CHECKING:
    from layerscope.oci.document import Document
    from layerscope.progress import Progress
    from layerscope.store.store import Store

_NOT_FOUND = 404


def open_docker_daemon(
    wanted: str, store: Store, progress: Progress, client: DockerClient | None = None
) -> Image:
    """The image of a name or ID; of its layers nothing is read.

    Where Docker's folder or containerd's is here and may be read, layers are read in it as they
    lie. Otherwise the documents are those that the daemon tells, and the first layer that is opened
    fetches all of the image as `docker save` gives it. Raises NoDaemon, DockerRefused,
    NotAnImage, UsageError.
    """
    if not wanted:
        hint = "docker-daemon:NAME[:TAG], as docker images lists them"
        raise UsageError("docker-daemon:", "it names no image", hint)
    client = client or DockerClient(find_address())
    inspected = _inspected(client, wanted)
    image_id = Digest.parse(inspected.text("Id"))
    names = familiar_names(inspected.texts("RepoTags"))
    about = client.document("/info")
    root, driver = Path(about.path("DockerRootDir", "")), about.text("Driver", "")
    found = open_in_place(wanted, names, root, driver, image_id) or open_in_content_store(
        wanted, names, root, image_id, told_platform(inspected)
    )
    if found is not None:
        client.close()
        return found
    saved = SavedImage(client, image_id, inspected.size_or("Size", 0), store, progress)
    config = told_config(inspected, client.documents(f"/images/{part(str(image_id))}/history"))
    client.close()
    if config is None:
        return saved.image()
    layers = tuple(
        Layer(diff_id, None, None, functools.partial(saved.open_layer, number))
        for number, diff_id in enumerate(config.diff_ids)
    )
    data = config.to_bytes()
    return Image(wanted, names, config, data, layers, told_id=image_id, whole=saved.image)


def _inspected(client: DockerClient, wanted: str) -> Document:
    try:
        return client.document(f"/images/{part(wanted)}/json")
    except DockerRefused as error:
        if error.status != _NOT_FOUND:
            raise
        hint = "docker images"
        raise NotAnImage(
            f"docker-daemon:{wanted[:200]}", "docker has no such image", hint
        ) from None
