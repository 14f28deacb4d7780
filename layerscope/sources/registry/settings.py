"""Registries that are talked to without TLS, or whatever their certificate is.

``LAYERSCOPE_INSECURE`` names some (HOST[:PORT], with commas between them); other tools' settings
others: ``insecure`` in containers-registries.conf(5), ``insecure-registries`` in Docker's
daemon.json, where a network speaks for its addresses (not for names that lead to them).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

from layerscope.errors import LayerscopeError
from layerscope.oci.document import Document

SYSTEM = Path("/etc/containers/registries.conf")
VARIABLE = "LAYERSCOPE_INSECURE"
DAEMON = Path("/etc/docker/daemon.json")


class BadSettings(LayerscopeError):
    """A registries.conf can't be understood."""


def is_insecure(domain: str, path: str, environment: Mapping[str, str] | None = None) -> bool:
    """Whether a repository's registry is called insecure. Raises BadSettings, InvalidDocument."""
    environment = os.environ if environment is None else environment
    if domain in environment.get(VARIABLE, "").replace(" ", "").split(","):
        return True
    entries = [one for file in _files(environment) for one in _entries(file)]
    fitting = [one for one in entries if _fits(_prefix(one), domain, path)]
    if fitting:
        return max(fitting, key=lambda one: len(_prefix(one))).get("insecure") is True
    data = _read(DAEMON)
    named = Document.parse(data, str(DAEMON)).texts("insecure-registries") if data else ()
    return any(one == domain or _within(domain, one) for one in named)


def _files(environment: Mapping[str, str]) -> Iterator[Path]:
    """The file that counts, and those that add to it."""
    home = Path(
        environment.get("XDG_CONFIG_HOME") or Path(environment.get("HOME", "/")) / ".config"
    )
    own = home / "containers/registries.conf"
    named = environment.get("CONTAINERS_REGISTRIES_CONF")
    file = Path(named) if named else own if own.is_file() else SYSTEM
    yield file
    if not named:
        yield from sorted(Path(f"{file}.d").glob("*.conf"))


def _entries(file: Path) -> list[dict[str, Any]]:
    import tomllib

    data = _read(file)
    try:
        values = tomllib.loads(data.decode()).get("registry", [])
    except (ValueError, RecursionError):
        raise BadSettings(str(file), "it is no TOML file") from None
    return [one for one in values if isinstance(one, dict)] if isinstance(values, list) else []


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return b""
    except OSError as error:
        raise BadSettings(str(file), (error.strerror or str(error)).lower()) from None


def _prefix(entry: dict[str, Any]) -> str:
    for key in ("prefix", "location"):
        if isinstance(value := entry.get(key), str) and value:
            return value
    return ""


def _within(domain: str, network: str) -> bool:
    """Whether a registry's host is an address of a network, as daemon.json may name them."""
    host = domain.rpartition(":")[0] if domain.rpartition(":")[2].isdigit() else domain
    try:
        return ip_address(host.strip("[]")) in ip_network(network, strict=False)
    except ValueError:
        return False


def _fits(prefix: str, domain: str, path: str) -> bool:
    """Whether a prefix is the domain with some of the path or none; ``*.`` is any subdomain."""
    if prefix.startswith("*."):
        return domain.partition(":")[0].endswith(prefix[1:])
    return f"{domain}/{path}/".startswith(f"{prefix}/")
