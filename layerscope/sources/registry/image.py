"""``docker://REGISTRY/REPO[:TAG|@DIGEST]``: an image in a registry, its layers not fetched."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from layerscope.oci import media
from layerscope.oci.config import ImageConfig
from layerscope.oci.manifest import ImageIndex, Manifest, is_index
from layerscope.oci.platform import choose
from layerscope.oci.reference import Reference
from layerscope.sources.image import Image, Layer, NotAnImage, check_layer_digests
from layerscope.sources.platforms import images_of, manifest_for
from layerscope.sources.registry.client import Client, trust_of
from layerscope.sources.registry.credentials import find_credentials
from layerscope.sources.registry.repository import Repository
from layerscope.sources.registry.settings import is_insecure
from layerscope.sources.registry.spooled import SpooledBlob
from layerscope.sources.registry.table import table_of

if TYPE_CHECKING:
    from layerscope.oci.digest import Digest
    from layerscope.oci.platform import Platform
    from layerscope.progress import Progress
    from layerscope.sources.registry.patience import Patience
    from layerscope.store.store import Store

_OLD_SCHEMA = "application/vnd.docker.distribution.manifest.v1+"


def open_repository(
    reference: Reference, progress: Progress, insecure: bool, patience: Patience | None = None
) -> Repository:
    """The repository of a name, with what this user may do there. Nothing is asked yet, but
    whether an insecure registry speaks TLS."""
    find = functools.partial(find_credentials, reference.domain, reference.path)
    lax = insecure or is_insecure(reference.domain, reference.path)
    trust = trust_of(reference.domain, lax)
    client = Client(reference.domain, trust, find, progress.check, patience)
    return Repository(client, reference)


def open_registry(
    reference: Reference,
    store: Store,
    progress: Progress,
    platform: Platform | None = None,
    *,
    insecure: bool = False,
    patience: Patience | None = None,
) -> Image:
    """The image of a name for ``platform``, this machine's if None.

    ``insecure`` takes any certificate, and http. Raises NoRegistry, RegistryRefused, AccessDenied,
    BadAddress, BadCredentials, WrongDigest, NotAnImage, NoSuchPlatform, InvalidDocument.
    """
    repository = open_repository(reference, progress, insecure, patience)
    what = f"docker://{reference}"
    data = _manifest(repository, reference, platform, what)
    manifest = Manifest.parse(data, f"{what}: manifest")
    if not media.is_config(manifest.config.media_type):
        raise NotAnImage(what, f"it is no image but a {manifest.config.media_type[:200]!r}")
    config_bytes = repository.document(manifest.config, "config")
    config = ImageConfig.parse(config_bytes, f"{what}: config")
    if platform is not None:
        choose(platform, [config.platform], what)
    if len(manifest.layers) != len(config.diff_ids):
        why = f"it has {len(manifest.layers)} layers, its config {len(config.diff_ids)} diffIDs"
        raise NotAnImage(what, why)
    layers = []
    for descriptor, diff_id in zip(manifest.layers, config.diff_ids, strict=True):
        check_layer_digests(what, descriptor.digest, diff_id)
        blob = SpooledBlob(repository, descriptor, store, progress)
        table = table_of(repository, descriptor, store)
        layers.append(Layer(diff_id, descriptor, descriptor.size, blob, table=table))
    names = (Reference(reference.domain, reference.path, reference.tag).familiar,)
    return Image(
        what,
        names if reference.tag else (),
        config,
        config_bytes,
        tuple(layers),
        manifest,
        data,
    )


def _manifest(
    repository: Repository, reference: Reference, platform: Platform | None, what: str
) -> bytes:
    """The bytes of the one image's manifest."""
    data, kind = repository.manifest(reference.digest or reference.tag or "latest")
    if kind.startswith(_OLD_SCHEMA):
        raise NotAnImage(what, "it is of Docker's old schema 1, which isn't supported")
    if not media.is_index(kind) and not is_index(data, f"{what}: manifest"):
        return data

    def read(digest: Digest) -> bytes:
        return repository.manifest(digest)[0]

    return manifest_for(
        images_of(ImageIndex.parse(data, f"{what}: index"), what), read, platform, what
    )
