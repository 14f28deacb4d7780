"""Image configs (OCI image-spec, config.md): what runs, how it came to be, which layers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from layerscope.oci.digest import Digest
from layerscope.oci.document import Document, InvalidDocument, canonical
from layerscope.oci.history import History, Step, steps
from layerscope.oci.platform import Platform
from layerscope.oci.runtime_config import KEYS, RuntimeConfig

_KNOWN = frozenset(
    ("architecture", "os", "variant", "created", "author", "config", "rootfs", "history")
)


@dataclass(frozen=True, slots=True)
class ImageConfig:
    """An image's config; ``raw`` is the document it was read from, with the keys not named here."""

    diff_ids: tuple[Digest, ...]
    platform: Platform
    created: str = ""
    author: str = ""
    config: RuntimeConfig = field(default_factory=RuntimeConfig)
    history: tuple[History, ...] = ()
    raw: Mapping[str, Any] = field(default_factory=dict, compare=False)

    @classmethod
    def parse(cls, data: bytes, what: str = "config") -> ImageConfig:
        """Read one, strictly. Raises InvalidDocument, InvalidDigest."""
        document = Document.parse(data, what)
        rootfs = document.child("rootfs")
        if rootfs is None or rootfs.text("type", "layers") != "layers":
            raise InvalidDocument(what, "it is no image config: it has no 'rootfs' of layers")
        runtime = document.child("config")
        return cls(
            diff_ids=tuple(Digest.parse(text) for text in rootfs.texts("diff_ids")),
            platform=Platform.from_document(document),
            created=document.text("created", ""),
            author=document.text("author", ""),
            config=RuntimeConfig.from_document(runtime) if runtime else RuntimeConfig(),
            history=tuple(History.from_document(step) for step in document.children("history")),
            raw=document.values,
        )

    @property
    def steps(self) -> tuple[Step, ...]:
        """The history joined to the layers, oldest first."""
        return steps(self.history, len(self.diff_ids))

    def to_bytes(self) -> bytes:
        """The document; keys of ``raw`` that are not named here stay as they are."""
        values: dict[str, Any] = {k: v for k, v in self.raw.items() if k not in _KNOWN}
        values |= self.platform.to_json()
        for key, text in (("created", self.created), ("author", self.author)):
            if text:
                values[key] = text
        unnamed = (self.raw.get("config") or {}).items()
        values["config"] = {k: v for k, v in unnamed if k not in KEYS}
        values["config"] |= self.config.to_json()
        values["rootfs"] = {"type": "layers", "diff_ids": [str(d) for d in self.diff_ids]}
        values["history"] = [step.to_json() for step in self.history]
        return canonical(values)
