"""Digests: what content is called by (OCI image-spec, descriptor.md)."""

from __future__ import annotations

from typing import NamedTuple, Self

from layerscope.errors import LayerscopeError

_HEX_LENGTH = {"sha256": 64, "sha512": 128}
_HEX = "0123456789abcdef"


class InvalidDigest(LayerscopeError):
    """A text that is no digest of a known algorithm."""


class _Parts(NamedTuple):
    algorithm: str
    hex: str


class Digest(_Parts):
    """An algorithm and the hash in lower-case hex; an invalid one cannot be made."""

    __slots__ = ()

    def __new__(cls, algorithm: str, hex: str) -> Self:
        """Raises InvalidDigest."""
        length = _HEX_LENGTH.get(algorithm)
        text = repr(f"{algorithm}:{hex}"[:100])
        if length is None:
            raise InvalidDigest(text, "it is of no known digest algorithm")
        if len(hex) != length or hex.strip(_HEX):
            raise InvalidDigest(text, f"it isn't {length} lower-case hex digits")
        return super().__new__(cls, algorithm, hex)

    @classmethod
    def parse(cls, text: str) -> Digest:
        """Read ``algorithm:hex``. Raises InvalidDigest."""
        algorithm, colon, value = text.partition(":")
        if not colon:
            raise InvalidDigest(repr(text[:100]), "it is no digest (algorithm:hex)")
        return cls(algorithm, value)

    @classmethod
    def of(cls, data: bytes) -> Digest:
        """The sha256 of ``data``."""
        import hashlib

        return cls("sha256", hashlib.sha256(data).hexdigest())

    def matches(self, data: bytes) -> bool:
        """Whether it is the digest of ``data``."""
        import hashlib

        return hashlib.new(self.algorithm, data).hexdigest() == self.hex

    @property
    def short(self) -> str:
        """The first 12 hex digits, as Docker shows an ID."""
        return self.hex[:12]

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.hex}"
