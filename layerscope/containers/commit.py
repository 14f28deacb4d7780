"""A container's writable layer made an image layer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from layerscope.archive.made_tar import MadeTar
from layerscope.containers.files import read_files
from layerscope.containers.record import Container
from layerscope.cow.commit import commit_layer
from layerscope.oci import media
from layerscope.oci.descriptor import Descriptor
from layerscope.oci.history import History
from layerscope.oci.manifest import Manifest
from layerscope.sources.image import Layer
from layerscope.sources.layer_copy import keep_layer

if TYPE_CHECKING:
    from layerscope.oci.runtime_config import RuntimeConfig
    from layerscope.store.images import StoredImage
    from layerscope.store.store import Store


def commit(
    store: Store,
    container: Container,
    names: tuple[str, ...],
    step: History,
    change: Callable[[RuntimeConfig], RuntimeConfig] = lambda config: config,
) -> StoredImage:
    """A new image: the container's, with its writable layer on top, that runs as the container, but
    for what ``change`` makes of that.

    ``step`` is what to write down; the layer is the same bytes for the same files. Raises
    ReservedName, LayerBusy, LayerscopeError, OSError, and what ``change`` raises.
    """
    base = store.resolve(str(container.image))
    manifest, config = store.manifest(base), store.config(base)
    runtime = change(_runtime(config.config, container, _anonymous(store, container)))
    with store.hold() as hand, read_files(store, container) as engine:
        hand.pin(container.image)
        layer = Layer(None, None, None, lambda: MadeTar(lambda out: commit_layer(engine, out)))
        kept = keep_layer(layer, store, hand, lambda done: None)
        # A layer that nobody told of gets a step that says nothing: the new step is the last's.
        untold = [History() for step in config.steps if step.history is None]
        new = replace(
            config,
            created=step.created,
            author=step.author,
            config=runtime,
            diff_ids=(*config.diff_ids, kept.diff_id),
            history=(*config.history, *untold, step),
        )
        data = new.to_bytes()
        store.blobs.put(data, hand)
        described = Descriptor.of(media.OCI_CONFIG, data)
        layers = (*manifest.layers, kept.descriptor)
        made = Manifest(described, layers).to_bytes()
        return store.add_image(made, names, parent=container.image)


def _runtime(image: RuntimeConfig, container: Container, volumes: set[str]) -> RuntimeConfig:
    """What a container of the new image runs: what this one does. Triggers for builds and their
    shell are the image's alone, as Docker has it."""
    settings = container.settings
    env = {word.partition("=")[0]: word for word in settings.env}  # the last word for a name counts
    return image._replace(
        user=settings.user,
        entrypoint=settings.command[: settings.entrypoint],
        cmd=settings.command[settings.entrypoint :],
        env=tuple(env.values()),
        working_dir=settings.working_dir,
        volumes=tuple(sorted(volumes.union(image.volumes))),
        on_build=(),
        shell=(),
    )


def _anonymous(store: Store, container: Container) -> set[str]:
    """Where it has volumes that nobody named."""
    if not container.volumes:
        return set()
    from layerscope.containers.volumes import all_volumes

    unnamed = {volume.name for volume in all_volumes(store) if volume.anonymous}
    return {mount.target for mount in container.mounts if mount.volume in unnamed}
