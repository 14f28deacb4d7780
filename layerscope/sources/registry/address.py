"""Where a registry answers, and how far it is trusted."""

from __future__ import annotations

import enum
import ipaddress
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from layerscope.errors import LayerscopeError
from layerscope.oci.reference import DEFAULT_DOMAIN

# Docker Hub's API lives at a name of its own.
_HUB = "registry-1.docker.io"
_PORTS = {"https": 443, "http": 80}


class BadAddress(LayerscopeError):
    """A registry sends somewhere where nobody may be sent."""


class Trust(enum.Enum):
    """How a registry is talked to."""

    TLS = "https, its certificate verified"
    PLAIN = "http"
    ANY = "https with any certificate, or http where it speaks no TLS"


@dataclass(frozen=True, slots=True)
class Url:
    """An absolute http or https address; ``target`` is its path with the query."""

    scheme: str
    host: str
    port: int
    target: str

    @classmethod
    def parse(cls, text: str) -> Url:
        """Read one. Raises BadAddress."""
        try:
            parts = urlsplit(text)
            port = parts.port or _PORTS.get(parts.scheme, 0)
        except ValueError:
            raise BadAddress(repr(text[:200]), "it is no address") from None
        if parts.scheme not in _PORTS:
            raise BadAddress(repr(text[:200]), "it is neither http nor https")
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        if not parts.hostname or not (target.isascii() and target.isprintable()) or " " in target:
            raise BadAddress(repr(text[:200]), "it is no address")
        return cls(parts.scheme, parts.hostname, port, target)

    def join(self, location: str) -> Url:
        """What ``location``, absolute or relative, means in an answer from here."""
        try:
            return Url.parse(urljoin(str(self), location))
        except ValueError:
            raise BadAddress(repr(location[:200]), "it is no address") from None

    def with_query(self, query: str) -> Url:
        """The same with more of a query."""
        joint = "&" if "?" in self.target else "?"
        return Url(self.scheme, self.host, self.port, f"{self.target}{joint}{query}")

    @property
    def origin(self) -> tuple[str, str, int]:
        """Scheme, host and port: what credentials are for."""
        return self.scheme, self.host, self.port

    @property
    def place(self) -> str:
        """Host, and port where it isn't the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.place}{self.target}"


def api_url(domain: str, scheme: str) -> Url:
    """Where the API of the registry of an image name's domain begins. Raises BadAddress."""
    return Url.parse(f"{scheme}://{_HUB if domain == DEFAULT_DOMAIN else domain}/v2/")


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, by its name or number."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback or address.is_unspecified


def check_redirect(source: Url, dest: Url) -> None:
    """A registry may send elsewhere for a blob, but not to what only this machine can reach, nor
    away from TLS. Raises BadAddress."""
    if source.scheme == "https" and dest.scheme != "https":
        why = f"it redirects to {dest.scheme}://{dest.place}, away from https"
    elif is_loopback(dest.host) and not is_loopback(source.host):
        why = f"it redirects to {dest.place}, which is this machine"
    else:
        return
    raise BadAddress(source.place, why)
