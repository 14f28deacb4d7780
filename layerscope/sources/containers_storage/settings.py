"""Where the storage is, found as Podman finds it (containers-storage.conf(5)).

``CONTAINERS_STORAGE_CONF`` names the file; otherwise it is the user's own, or the system's for
root. What no file says is the usual place.
"""

from __future__ import annotations

import os
import string
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from layerscope.errors import LayerscopeError

DRIVERS = ("overlay", "vfs")
_SYSTEM = (Path("/etc/containers/storage.conf"), Path("/usr/share/containers/storage.conf"))
_MAX_BYTES = 1 << 20


class BadSettings(LayerscopeError):
    """A storage.conf, or a TARGET that names a storage, can't be understood."""


@dataclass(frozen=True, slots=True)
class Place:
    """A storage: its folder of images and containers, that of what runs, and its driver, "" if
    nobody says."""

    root: Path
    run_root: Path
    driver: str = ""


def find_place(environment: Mapping[str, str] | None = None) -> Place:
    """The storage that this user's podman would use. Raises BadSettings."""
    environment = os.environ if environment is None else environment
    rootless = is_rootless(environment)
    usual = _rootless_place(environment) if rootless else _ROOTFUL
    said = _read(environment, rootless)
    root = _path(said, "rootless_storage_path", environment) if rootless else None
    return Place(
        root or _path(said, "graphroot", environment) or usual.root,
        _path(said, "runroot", environment) or usual.run_root,
        environment.get("STORAGE_DRIVER") or _text(said, "driver"),
    )


def parse_place(text: str) -> Place:
    """Read ``[DRIVER@]ROOT[+RUNROOT][:OPTIONS]``, as containers-transports(5) writes it in square
    brackets. Raises BadSettings."""
    head, at, rest = text.partition("@")
    driver, places = (head, rest) if at else ("", text)
    root, _, run_root = places.partition(":")[0].partition("+")
    if not root.startswith("/"):
        raise BadSettings(f"storage {text[:200]!r}", "it isn't DRIVER@/ROOT+/RUNROOT")
    return Place(Path(root), Path(run_root or _ROOTFUL.run_root), driver)


def is_rootless(environment: Mapping[str, str]) -> bool:
    """Whether it is an ordinary user's storage; in `podman unshare` he looks like root."""
    return os.geteuid() != 0 or "_CONTAINERS_ROOTLESS_UID" in environment


_ROOTFUL = Place(Path("/var/lib/containers/storage"), Path("/run/containers/storage"))


def _rootless_place(environment: Mapping[str, str]) -> Place:
    data = environment.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    user = environment.get("_CONTAINERS_ROOTLESS_UID") or str(os.getuid())
    run = environment.get("XDG_RUNTIME_DIR") or f"/run/user/{user}"
    return Place(Path(data, "containers", "storage"), Path(run, "containers"))


def _read(environment: Mapping[str, str], rootless: bool) -> dict[str, Any]:
    """The ``storage`` table of the file that counts."""
    import tomllib

    named = environment.get("CONTAINERS_STORAGE_CONF")
    if named:
        files: tuple[Path, ...] = (Path(named),)
    elif rootless:
        folder = environment.get("XDG_CONFIG_HOME") or Path.home() / ".config"
        files = (Path(folder, "containers", "storage.conf"),)
    else:
        files = _SYSTEM
    for path in files:
        try:
            with path.open("rb") as file:
                values = tomllib.loads(file.read(_MAX_BYTES).decode())
        except OSError as error:
            if named:
                raise BadSettings(str(path), (error.strerror or str(error)).lower()) from None
            continue
        except (ValueError, RecursionError):
            raise BadSettings(str(path), "it is no TOML file") from None
        table = values.get("storage", {})
        return table if isinstance(table, dict) else {}
    return {}


def _text(said: Mapping[str, Any], key: str) -> str:
    value = said.get(key)
    return value if isinstance(value, str) else ""


def _path(said: Mapping[str, Any], key: str, environment: Mapping[str, str]) -> Path | None:
    said_path = _text(said, key)
    if not said_path:
        return None
    # The manual allows these three in rootless_storage_path.
    names = {"UID": str(os.getuid()), **environment}
    known: dict[str, object] = {
        name: names[name] for name in ("HOME", "UID", "USER") if name in names
    }
    return Path(string.Template(said_path).safe_substitute(known))
