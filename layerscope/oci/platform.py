"""Platforms: which machine an image is for (OCI image-spec, image-index.md)."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, NamedTuple

from layerscope.errors import LayerscopeError, UsageError
from layerscope.oci.document import Document

# What uname says, in the words of Go and so of the specs.
_MACHINES = {
    "x86_64": ("amd64", ""),
    "aarch64": ("arm64", "v8"),
    "arm64": ("arm64", "v8"),
    "armv7l": ("arm", "v7"),
    "armv6l": ("arm", "v6"),
    "i386": ("386", ""),
    "i686": ("386", ""),
}
# The variant that an architecture means where none is named.
_USUAL_LEVELS = {"arm64": 8, "arm": 7, "amd64": 1}


class NoSuchPlatform(LayerscopeError):
    """An image has no manifest for the platform that is asked for."""


class Platform(NamedTuple):
    """Operating system, architecture and variant, in Go's words."""

    os: str
    architecture: str
    variant: str = ""

    @classmethod
    def parse(cls, text: str) -> Platform:
        """Read ``os/arch[/variant]``. Raises UsageError."""
        parts = text.split("/")
        if len(parts) not in (2, 3) or not all(parts):
            raise UsageError(f"platform {text!r}", "it isn't os/arch or os/arch/variant")
        return cls(*parts)

    @classmethod
    def host(cls) -> Platform:
        """The platform of this machine; layers are Linux's even where this machine isn't."""
        machine = os.uname().machine
        architecture, variant = _MACHINES.get(machine, (machine, ""))
        return cls("linux", architecture, variant)

    @classmethod
    def from_document(cls, document: Document) -> Platform:
        """Read the ``platform`` of a descriptor, or a config's own. Raises InvalidDocument."""
        os, architecture = document.text("os", ""), document.text("architecture", "")
        return cls(os, architecture, document.text("variant", ""))

    def to_json(self) -> dict[str, Any]:
        """As the specs write it."""
        own = {"architecture": self.architecture, "os": self.os}
        return own | ({"variant": self.variant} if self.variant else {})

    def rank(self, image: Platform) -> int | None:
        """How well an image for ``image`` runs here: 0 is best, None not at all.

        A machine runs the older variants of its architecture, the newest of them first. Where no
        variant is asked for, the one nearest to the usual is best.
        """
        if (self.os, self.architecture) != (image.os, image.architecture):
            return None
        own, other = self._level(), image._level()
        if not self.variant:
            return abs(own - other)
        return own - other if other <= own else None

    def _level(self) -> int:
        """The number of the variant, or of what the architecture means without one."""
        usual = _USUAL_LEVELS.get(self.architecture, 0)
        digits = self.variant.removeprefix("v")
        return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 4 else usual

    def __str__(self) -> str:
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)


def choose(wanted: Platform, offered: Sequence[Platform | None], what: str) -> int:
    """The number of the platform to take; one that is named exactly goes first.

    None stands for a manifest that names no platform; it is taken if nothing else fits. Raises
    NoSuchPlatform with the list of what there is.
    """
    if wanted in offered:
        return offered.index(wanted)
    ranks = [(wanted.rank(platform), i) for i, platform in enumerate(offered) if platform]
    fitting = [(rank, i) for rank, i in ranks if rank is not None]
    if fitting:
        return min(fitting)[1]
    if None in offered:
        return offered.index(None)
    there = ", ".join(sorted({str(platform) for platform in offered if platform}))
    raise NoSuchPlatform(
        what, f"it has nothing for {wanted}, only for {there}", "--platform with one of these"
    )
