"""An image wherever it lies: its documents in hand, its layers to be read in place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from layerscope.archive.blob import FileRange
from layerscope.archive.codec import Codec, detect
from layerscope.errors import LayerscopeError
from layerscope.oci.config import ImageConfig
from layerscope.oci.descriptor import Descriptor
from layerscope.oci.digest import Digest
from layerscope.oci.manifest import Manifest

_SHOWN = 20
_HEAD = 512


class NotAnImage(LayerscopeError):
    """What a TARGET names is no image, or not one that can be read."""


class ChooseImage(LayerscopeError):
    """A TARGET holds several images and names none of them, or one that it doesn't hold."""

    def __init__(self, transport: str, what: str, wanted: str | None, there: list[str]) -> None:
        shown = there[:_SHOWN] + (["…"] if len(there) > _SHOWN else [])
        why = (
            f"it has no image of its own for {wanted[:200]!r}"
            if wanted
            else "it has several images"
        )
        hint = f"{transport}:{what}:{there[0]}" if there else None
        super().__init__(what, f"{why}; there are: {', '.join(shown)}", hint)


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer: what is promised of it and where its blob lies.

    ``diff_id`` is None where nothing promises one (a bare tar), ``descriptor`` where no manifest
    speaks of the blob; ``size`` is the blob's in bytes, None if it isn't known before it is read.
    ``fingerprint`` is of a file whose diffID only reading it tells, for the store to remember.
    """

    diff_id: Digest | None
    descriptor: Descriptor | None
    size: int | None
    bytes: FileRange | Callable[[], BinaryIO]
    fingerprint: str | None = None

    def open(self) -> BinaryIO:
        """A reader of the blob from its first byte on. Raises OSError, LayerscopeError."""
        if isinstance(self.bytes, FileRange):
            return self.bytes.open()  # type: ignore[return-value]
        return self.bytes()

    def codec(self) -> Codec:
        """How the blob is compressed, by its first bytes; what is made on the way is plain."""
        if self.place is None:
            return Codec.PLAIN
        with self.place.open() as raw:
            return detect(raw.read(_HEAD))

    @property
    def place(self) -> FileRange | None:
        """Where the blob lies as it is, None if it has to be made."""
        return self.bytes if isinstance(self.bytes, FileRange) else None


@dataclass(frozen=True, slots=True)
class Image:
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
