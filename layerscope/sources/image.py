"""An image wherever it lies: its documents in hand, its layers to be read in place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, Protocol

from layerscope.archive.blob import FileRange
from layerscope.archive.codec import Codec, detect
from layerscope.errors import LayerscopeError
from layerscope.oci.config import ImageConfig
from layerscope.oci.descriptor import Descriptor
from layerscope.oci.digest import Digest
from layerscope.oci.manifest import Manifest

if TYPE_CHECKING:
    from layerscope.archive.scan import ScannedEntries

_SHOWN = 20
_HEAD = 512


class NotAnImage(LayerscopeError):
    """What a TARGET names is no image, or not one that can be read."""


class ChooseImage(LayerscopeError):
    """A TARGET holds several images and names none of them, or one that it doesn't hold.

    ``names`` are those that it holds, ``reason`` says which of the two it is.
    """

    def __init__(self, transport: str, what: str, wanted: str | None, there: list[str]) -> None:
        self.names, self._place = tuple(there), f"{transport}:{what}"
        shown = there[:_SHOWN] + (["…"] if len(there) > _SHOWN else [])
        self.reason = (
            f"it has no image of its own for {wanted[:200]!r}"
            if wanted
            else "it has several images"
        )
        hint = self.target(there[0]) if there else None
        super().__init__(what, f"{self.reason}; there are: {', '.join(shown)}", hint)

    def target(self, name: str) -> str:
        """The TARGET that an image of that name is."""
        return f"{self._place}:{name}"


class Distant(Protocol):
    """A blob that lies on another machine, or what was fetched of it."""

    @property
    def file(self) -> Path:
        """Where it lies once :meth:`open` was read to its end; it may be moved from there."""

    def open(self) -> BinaryIO:
        """A reader from its first byte on, which fetches what isn't here. An error about the bytes
        that leaves its context throws them away. Raises LayerscopeError."""

    def here(self) -> FileRange | None:
        """Where all of it lies on this machine, None if it doesn't."""

    def fetch(self) -> FileRange:
        """The same, fetched and verified if need be. Raises LayerscopeError."""


class Table(Protocol):
    """A layer's own table of contents, which tells its files without the blob."""

    key: str
    codec: Codec

    @property
    def contents(self) -> Contents:
        """What it says. Raises LayerscopeError."""

    def file(self, key: int) -> Iterator[bytes]:
        """The content of a file, by the ``data_offset`` of its entry, verified at its end.

        Raises LayerscopeError.
        """


class Contents(Protocol):
    """Entries whose ``xxh3`` are hashes of another kind."""

    @property
    def entries(self) -> ScannedEntries:
        """In the order of the tar."""


class Layer(NamedTuple):
    """One layer: what is promised of it and where its blob lies.

    ``diff_id`` is None where nothing promises one (a bare tar), ``descriptor`` where no manifest
    speaks of the blob; ``size`` is the blob's in bytes, None if it isn't known before it is read.
    ``fingerprint`` is of a file whose diffID only reading it tells, for the store to remember.
    ``table`` is the layer's own table of contents, if it has one and the blob lies elsewhere.
    """

    diff_id: Digest | None
    descriptor: Descriptor | None
    size: int | None
    bytes: FileRange | Distant | Callable[[], BinaryIO]
    fingerprint: str | None = None
    table: Table | None = None

    def open(self) -> BinaryIO:
        """A reader of the blob from its first byte on. Raises OSError, LayerscopeError."""
        if callable(self.bytes):
            return self.bytes()
        return self.bytes.open()  # type: ignore[return-value]

    def codec(self) -> Codec:
        """How the blob is compressed, by its first bytes, or by its media type where they aren't
        here; what is made on the way is plain."""
        place = self.place
        if place is None:
            return _said(self.descriptor.media_type if self.descriptor else "")
        with place.open() as raw:
            return detect(raw.read(_HEAD))

    @property
    def place(self) -> FileRange | None:
        """Where the blob lies as it is; None if it has to be made, or fetched."""
        if isinstance(self.bytes, FileRange):
            return self.bytes
        return self.distant.here() if self.distant is not None else None

    @property
    def distant(self) -> Distant | None:
        """The blob, if it lies on another machine."""
        if callable(self.bytes) or isinstance(self.bytes, FileRange):
            return None
        return self.bytes


def _said(media_type: str) -> Codec:
    """The codec that a media type promises."""
    for codec in (Codec.GZIP, Codec.ZSTD):
        if media_type.endswith(codec.value):
            return codec
    return Codec.PLAIN


def check_layer_digests(what: str, *digests: Digest) -> None:
    """Raises NotAnImage for those of an algorithm that layers are not indexed by."""
    for digest in digests:
        if digest.algorithm != "sha256":
            why = f"its layer {digest.short} has a {digest.algorithm} digest, which isn't supported"
            raise NotAnImage(what, why)


class Image(NamedTuple):
    """One image: names as Docker shows them, its documents as written, its layers bottom up.

    ``manifest`` and its bytes are None where the source has none (docker-archive, rootfs).
    ``origin`` is the TARGET in words for a person. Where somebody tells the documents rather than
    gives them (a daemon), ``told_id`` is the ID that it says, and ``whole`` fetches the same image
    with its documents byte for byte.
    """

    origin: str
    names: tuple[str, ...]
    config: ImageConfig
    config_bytes: bytes
    layers: tuple[Layer, ...]
    manifest: Manifest | None = None
    manifest_bytes: bytes | None = None
    told_id: Digest | None = None
    whole: Callable[[], Image] | None = None

    @property
    def id(self) -> Digest:
        """The digest of the config: Docker's image ID."""
        return self.told_id or Digest.of(self.config_bytes)

    def with_layers(self, diff_ids: Sequence[Digest]) -> Image:
        """The image once its layers are known: until then a root file system's config lacks them,
        and so its ID and steps do."""
        if len(self.config.diff_ids) == len(diff_ids):
            return self
        config = replace(self.config, diff_ids=tuple(diff_ids))
        return self._replace(config=config, config_bytes=config.to_bytes())
