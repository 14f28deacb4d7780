"""What the instructions of a reconstructed Dockerfile come to, as far as it has got."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from layerscope.oci.created_by import DEFAULT_SHELL
from layerscope.oci.runtime_config import RuntimeConfig

DEFAULT_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""What builders put into an image that has none."""

_WINDOWS_SHELL = ("cmd", "/S", "/C")


class Told:
    """The config that a build of the lines so far would make; ``final`` is the image's.

    ``start`` is the base's. ``args`` are the ARGs so far with their defaults; ``cmd_set``: a CMD
    was among the lines.
    """

    def __init__(self, start: RuntimeConfig, final: RuntimeConfig, os: str) -> None:
        self.final, self.os = final, os
        self.final_env = env_of(final.env)
        self.final_volumes = frozenset(final.volumes)
        self.env = env_of((DEFAULT_PATH, *start.env))
        self.labels = dict(start.labels)
        self.ports = set(start.exposed_ports)
        self.volumes = set(start.volumes)
        self.user, self.working_dir = start.user, start.working_dir
        self.stop_signal, self.own_shell = start.stop_signal, start.shell
        self.entrypoint, self.cmd = start.entrypoint, start.cmd
        self.healthcheck: dict[str, Any] = dict(start.healthcheck or {})
        self.on_build: list[str] = []
        self.args: dict[str, str] = {}
        self.cmd_set = False

    @property
    def shell(self) -> tuple[str, ...]:
        """What runs commands."""
        return self.own_shell or (_WINDOWS_SHELL if self.os == "windows" else DEFAULT_SHELL)


def env_of(entries: Iterable[str]) -> dict[str, str]:
    """A config's ``Env`` by name."""
    return {name: value for name, _, value in (entry.partition("=") for entry in entries)}
