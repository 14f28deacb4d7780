"""Platforms: which machine an image is for (OCI image-spec, image-index.md)."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

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


class NoSuchPlatform(LayerscopeError):
    """An image has no manifest for the platform that is asked for."""


@dataclass(frozen=True, slots=True)
class Platform:
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

    def runs(self, image: Platform) -> bool:
        """True if an image for ``image`` is one for this platform."""
        same = (self.os, self.architecture) == (image.os, image.architecture)
        return same and (not self.variant or image.variant in ("", self.variant))

    def __str__(self) -> str:
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)


def choose(wanted: Platform, offered: Sequence[Platform | None], what: str) -> int:
    """The number of the platform to take; one that is named exactly goes first.

    None stands for a manifest that names no platform; it is taken if nothing else fits. Raises
    NoSuchPlatform with the list of what there is.
    """
    exact = [i for i, platform in enumerate(offered) if platform == wanted]
    fitting = [i for i, platform in enumerate(offered) if platform and wanted.runs(platform)]
    unnamed = [i for i, platform in enumerate(offered) if platform is None]
    for found in (exact, fitting, unnamed):
        if found:
            return found[0]
    there = ", ".join(sorted({str(platform) for platform in offered if platform}))
    raise NoSuchPlatform(what, f"it has nothing for {wanted}", f"--platform with one of: {there}")
