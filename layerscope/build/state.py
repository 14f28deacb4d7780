"""Where a stage stands: its image so far, and what comes of one step more."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from layerscope.oci import media
from layerscope.oci.config import ImageConfig
from layerscope.oci.descriptor import Descriptor
from layerscope.oci.history import History
from layerscope.oci.manifest import Manifest
from layerscope.oci.runtime_config import RuntimeConfig

if TYPE_CHECKING:
    from layerscope.build.clock import Clock
    from layerscope.oci.digest import Digest
    from layerscope.oci.platform import Platform
    from layerscope.sources.layer_copy import KeptLayer
    from layerscope.store.hands import Hand
    from layerscope.store.images import StoredImage
    from layerscope.store.store import Store

DEFAULT_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# What Docker says in a config of the container that made it: it is true of no other image.
_OF_A_CONTAINER = frozenset(("container", "container_config", "docker_version", "id", "parent"))


class State(NamedTuple):
    """An image so far; ``image`` is None before the first step of a stage from scratch.

    ``runtime`` is what the next step's config says, which may be ahead of the image's; ``cmd_set``
    tells whether this stage had a CMD.
    """

    image: Digest | None
    config: ImageConfig
    layers: tuple[Descriptor, ...]
    runtime: RuntimeConfig
    cmd_set: bool = False
    author: str = ""

    @property
    def parent(self) -> str:
        """What the cache knows it by."""
        return str(self.image) if self.image else f"scratch {self.config.platform}"


def from_scratch(platform: Platform) -> State:
    """A stage of nothing."""
    config = ImageConfig((), platform)
    return State(None, config, (), RuntimeConfig(env=(DEFAULT_PATH,)))


def from_image(store: Store, image: StoredImage) -> State:
    """A stage on an image of the store. Raises MissingBlob, WrongDigest, InvalidDocument."""
    config = store.config(image)
    runtime = config.config
    if not any(entry.startswith("PATH=") for entry in runtime.env):
        runtime = runtime._replace(env=(*runtime.env, DEFAULT_PATH))
    layers = store.manifest(image).layers
    return State(image.id, config, layers, runtime, author=config.author)


def go_on(store: Store, image: Digest, cmd_set: bool) -> State:
    """The state after a step that made ``image`` when it was built before."""
    after = from_image(store, store.resolve(str(image)))
    return after._replace(cmd_set=cmd_set)


def keep_step(
    store: Store, hand: Hand, clock: Clock, state: State, created_by: str, layer: KeptLayer | None
) -> State:
    """The image of one step more, put into the store without a name, as :meth:`Store.add_step`
    does. Raises StoreFailure."""
    now = moment(clock)
    step = History(now, created_by, state.author, empty_layer=layer is None)
    raw = {key: value for key, value in state.config.raw.items() if key not in _OF_A_CONTAINER}
    inner = {key: value for key, value in (raw.get("config") or {}).items() if key != "Image"}
    config = replace(
        state.config,
        created=now,
        author=state.author,
        config=state.runtime,
        history=(*_explained(state.config), step),
        diff_ids=(*state.config.diff_ids, *((layer.diff_id,) if layer else ())),
        raw={**raw, "config": inner},
    )
    data = config.to_bytes()
    layers = (*state.layers, *((layer.descriptor,) if layer else ()))
    described = Descriptor.of(media.OCI_CONFIG, data)
    hand.pin(described.digest, *(one.digest for one in layers), *config.diff_ids)
    store.blobs.put(data, hand)
    made = Manifest(described, layers).to_bytes()
    store.add_step(made, state.image, hand)
    return state._replace(image=described.digest, config=config, layers=layers)


def moment(clock: Clock) -> str:
    """Now, or SOURCE_DATE_EPOCH, as RFC 3339."""
    if clock.epoch is None:
        return datetime.now(UTC).isoformat().replace("+00:00", "Z")
    return datetime.fromtimestamp(clock.epoch, UTC).isoformat().replace("+00:00", "Z")


def _explained(config: ImageConfig) -> tuple[History, ...]:
    """The history, with a row for each layer that has none: a new row must not take its place."""
    told = sum(not step.empty_layer for step in config.history)
    missing = max(0, len(config.diff_ids) - told)
    return (*config.history, *(History(created=config.created) for _ in range(missing)))
