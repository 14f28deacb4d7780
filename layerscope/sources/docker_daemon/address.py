"""Where the Docker daemon is, found as the docker command finds it.

In this order (docs.docker.com, "Docker contexts"): ``DOCKER_HOST``, ``DOCKER_CONTEXT``, the
``currentContext`` of config.json, and else the usual socket.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from layerscope.errors import LayerscopeError
from layerscope.oci.document import Document

DEFAULT = "unix:///var/run/docker.sock"
_PORT, _TLS_PORT = 2375, 2376
_FALSE = ("", "0", "false", "False", "FALSE", "f", "F")


class BadAddress(LayerscopeError):
    """What says where Docker is doesn't say it in a way that can be followed."""


@dataclass(frozen=True, slots=True)
class Certificates:
    """The folder with ``ca.pem``, ``cert.pem``, ``key.pem``; ``verify``: the daemon's name, too."""

    folder: Path
    verify: bool


@dataclass(frozen=True, slots=True)
class Address:
    """A daemon's: the socket's path, or a host and port; ``text`` is as it was written."""

    text: str
    socket: str = ""
    host: str = ""
    port: int = 0
    certificates: Certificates | None = None


def find_address(environment: Mapping[str, str] | None = None) -> Address:
    """The daemon that the docker command would talk to. Raises BadAddress, InvalidDocument."""
    environment = os.environ if environment is None else environment
    folder = Path(environment.get("DOCKER_CONFIG") or Path.home() / ".docker")
    if text := environment.get("DOCKER_HOST"):
        return parse_address(text, _given_certificates(environment, folder))
    context = environment.get("DOCKER_CONTEXT") or _current(folder)
    if context in ("", "default"):
        return parse_address(DEFAULT)
    return _of_context(folder, context)


def parse_address(text: str, certificates: Certificates | None = None) -> Address:
    """Read ``unix://PATH`` or ``tcp://HOST:PORT``. Raises BadAddress."""
    scheme, colon, rest = text.partition("://")
    if scheme == "unix" and rest:
        return Address(text, socket=rest)
    if scheme in ("tcp", "http", "https") and rest.strip("/"):
        if scheme == "https" and certificates is None:
            certificates = Certificates(Path(), verify=True)
        host, port = _host_and_port(text, rest.partition("/")[0])
        port = port or (_TLS_PORT if certificates else _PORT)
        return Address(text, host=host, port=port, certificates=certificates)
    why = f"{scheme}:// is not supported, only unix:// and tcp://" if colon else "it is no address"
    raise BadAddress(f"Docker's address {text[:200]!r}", why, "docker save IMAGE -o FILE.tar there")


def _host_and_port(text: str, rest: str) -> tuple[str, int]:
    host, colon, port = rest.rpartition(":")
    if not colon or port.endswith("]"):
        return rest.strip("[]"), 0
    if not port.isascii() or not port.isdigit() or not 0 < int(port[:6]) < 1 << 16:
        raise BadAddress(f"Docker's address {text[:200]!r}", "its port is no number of a port")
    return host.strip("[]"), int(port)


def _given_certificates(environment: Mapping[str, str], folder: Path) -> Certificates | None:
    verify = environment.get("DOCKER_TLS_VERIFY", "")
    if not verify and environment.get("DOCKER_TLS", "") in _FALSE:
        return None
    return Certificates(Path(environment.get("DOCKER_CERT_PATH") or folder), bool(verify))


def _current(folder: Path) -> str:
    try:
        data = (folder / "config.json").read_bytes()
    except OSError:
        return ""
    return Document.parse(data, str(folder / "config.json")).text("currentContext", "")


def _of_context(folder: Path, name: str) -> Address:
    # The name can have any characters, so its folders are called by its digest.
    key = hashlib.sha256(name.encode()).hexdigest()
    path = folder / "contexts" / "meta" / key / "meta.json"
    try:
        document = Document.parse(path.read_bytes(), str(path))
    except OSError:
        hint = "docker context ls"
        raise BadAddress(f"Docker's context {name[:200]!r}", "there is none", hint) from None
    ends = document.child("Endpoints")
    end = ends.child("docker") if ends else None
    if end is None:
        raise BadAddress(f"Docker's context {name[:200]!r}", "it names no Docker")
    keys = folder / "contexts" / "tls" / key / "docker"
    certificates = Certificates(keys, not end.flag("SkipTLSVerify")) if keys.is_dir() else None
    return parse_address(end.text("Host", "") or DEFAULT, certificates)
