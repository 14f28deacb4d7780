"""Registries on the loopback with one image, and what is done with them."""

from __future__ import annotations

import gzip
import random

from layerscope.oci.reference import Reference
from layerscope.progress import Progress, Silent
from layerscope.sources.load import Loaded, load_image
from layerscope.sources.opened import OpenImage
from layerscope.sources.registry.image import open_registry
from layerscope.sources.registry.push import Pushed, push_image
from layerscope.sources.target import open_target
from layerscope.store.store import Store
from sample_images.archives import GZIP, Blob, Layer
from tests.support.fake_registry import FakeRegistry
from tests.support.images import BASE, image
from tests.support.layers import file, tar

NOISE = random.Random(4).randbytes(300_000)
BIG = tar([file("noise", NOISE), file("small", b"small")])
ZIPPED = Layer(Blob(BIG), Blob(gzip.compress(BIG, mtime=0)), GZIP)
IMAGE = image("app:1", layers=[Layer.plain(BASE), ZIPPED])
BLOB = f"sha256:{ZIPPED.blob.sha256}"


def pull(
    store: Store,
    registry: FakeRegistry,
    name: str = "team/app:1",
    progress: Progress | None = None,
) -> Loaded:
    """Copy it into the store."""
    reference = Reference.parse(f"{registry.address}/{name}")
    progress = progress or Silent()
    return load_image(open_registry(reference, store, progress), store, None, progress, at_once=3)


def push(store: Store, name: str, registry: FakeRegistry, to: str) -> Pushed:
    """Copy it out of the store."""
    return push_image(store, name, Reference.parse(f"{registry.address}/{to}"), Silent())


def look(store: Store, registry: FakeRegistry, name: str = "team/app:1") -> OpenImage:
    """Open it where it is."""
    return OpenImage(open_target(f"docker://{registry.address}/{name}", store), store)
