"""What a container of an image runs: the ``config`` in its config (OCI image-spec, config.md)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from layerscope.oci.document import Document

KEYS = frozenset(
    ("User", "ExposedPorts", "Env", "Entrypoint", "Cmd", "Healthcheck", "Volumes", "WorkingDir")
) | frozenset(("Labels", "StopSignal", "Shell", "OnBuild"))
"""Of the document, that :class:`RuntimeConfig` names."""


class RuntimeConfig(NamedTuple):
    """What a container of the image runs, unless told otherwise."""

    user: str = ""
    entrypoint: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    working_dir: str = ""
    labels: Mapping[str, str] = MappingProxyType({})
    volumes: tuple[str, ...] = ()
    exposed_ports: tuple[str, ...] = ()
    stop_signal: str = ""
    shell: tuple[str, ...] = ()
    on_build: tuple[str, ...] = ()
    healthcheck: Mapping[str, Any] | None = None

    @classmethod
    def parse(cls, data: bytes, what: str = "config") -> RuntimeConfig:
        """Read it out of an image config, the rest of which is left alone. Raises
        InvalidDocument."""
        config = Document.parse(data, what).child("config")
        return cls.from_document(config) if config else cls()

    @classmethod
    def from_document(cls, document: Document) -> RuntimeConfig:
        """Read the ``config`` of an image config. Raises InvalidDocument."""
        healthcheck = document.child("Healthcheck")
        return cls(
            user=document.text("User", ""),
            entrypoint=document.texts("Entrypoint"),
            cmd=document.texts("Cmd"),
            env=document.texts("Env"),
            working_dir=document.text("WorkingDir", ""),
            labels=document.mapping("Labels"),
            volumes=document.names("Volumes"),
            exposed_ports=document.names("ExposedPorts"),
            stop_signal=document.text("StopSignal", ""),
            shell=document.texts("Shell"),
            on_build=document.texts("OnBuild"),
            healthcheck=healthcheck.values if healthcheck else None,
        )

    def to_json(self) -> dict[str, Any]:
        """As Docker writes it; what is empty is left out."""
        values: dict[str, Any] = {
            "User": self.user,
            "ExposedPorts": {port: {} for port in self.exposed_ports},
            "Env": list(self.env),
            "Entrypoint": list(self.entrypoint),
            "Cmd": list(self.cmd),
            "Healthcheck": self.healthcheck and dict(self.healthcheck),
            "Volumes": {volume: {} for volume in self.volumes},
            "WorkingDir": self.working_dir,
            "Labels": dict(self.labels),
            "StopSignal": self.stop_signal,
            "Shell": list(self.shell),
            "OnBuild": list(self.on_build),
        }
        return {key: value for key, value in values.items() if value}
