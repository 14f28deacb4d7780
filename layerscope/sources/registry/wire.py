"""Connections to registries and to where they send: HTTP/1.1 with patience that ends."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.request import getproxies, proxy_bypass

from layerscope.errors import LayerscopeError
from layerscope.sources.registry.address import BadAddress, Url, is_loopback
from layerscope.sources.registry.certificates import context_for
from layerscope.sources.registry.patience import Patience, WatchedSocket

if TYPE_CHECKING:
    pass


class NoRegistry(LayerscopeError):
    """No registry answers, or what answers is none, or breaks off.

    ``passing`` says whether another try may do.
    """

    def __init__(self, what: str, why: str, hint: str | None = None, passing: bool = False) -> None:
        super().__init__(what, why, hint)
        self.passing = passing


class Wire:
    """Connections, kept for the next request to the same place; threads may share it.

    ``check`` is called while something is waited for, and may raise to stop. ``lax`` names the
    hosts whose certificates are not looked at.
    """

    def __init__(self, patience: Patience, check: Callable[[], None]) -> None:
        self.patience = patience
        self.check = check
        self.lax: set[str] = set()
        self._lock = threading.Lock()
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._idle: defaultdict[tuple[str, str, int], list[_Connection]] = defaultdict(list)

    def send(
        self,
        method: str,
        url: Url,
        headers: Mapping[str, str],
        body: Body | None = None,
        *,
        afar: bool = False,
    ) -> Answer:
        """One request and the head of its answer. ``afar``: never to this machine.

        A connection that has ended while it was idle is replaced. Raises NoRegistry, BadAddress.
        """
        with self._lock:
            idle = self._idle[url.origin]
            connection = idle.pop() if idle else None
        if connection is not None:
            try:
                return self._ask(connection, method, url, headers, body)
            except NoRegistry as error:
                if not error.passing:
                    raise
        return self._ask(self._connection(url, afar), method, url, headers, body)

    def put_back(self, url: Url, connection: _Connection) -> None:
        """A connection whose answer was read to its end."""
        with self._lock:
            self._idle[url.origin].append(connection)

    def close(self) -> None:
        """Hang up."""
        with self._lock:
            for connection in [one for idle in self._idle.values() for one in idle]:
                connection.close()
            self._idle.clear()

    def _connection(self, url: Url, afar: bool) -> _Connection:
        connection = _Connection(url, self._context(url), self, afar)
        proxy = getproxies().get(url.scheme)
        if proxy and not is_loopback(url.host) and not proxy_bypass(url.place):
            connection.go_through(Url.parse(proxy))
        return connection

    def _context(self, url: Url) -> ssl.SSLContext | None:
        """How TLS is talked to a place; None for http. Loading the authorities takes a while."""
        if url.scheme != "https":
            return None
        with self._lock:
            if url.place not in self._contexts:
                self._contexts[url.place] = context_for(url.place, url.host in self.lax)
            return self._contexts[url.place]

    def _ask(
        self,
        connection: _Connection,
        method: str,
        url: Url,
        headers: Mapping[str, str],
        body: Body | None,
    ) -> Answer:
        try:
            connection.ask(method, url, headers, body)
            return Answer(self, url, connection, connection.getresponse(), method)
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise no_registry(url, error, self.patience) from error
        except BaseException:
            connection.close()
            raise


@dataclass(frozen=True, slots=True)
class Body:
    """What a request carries: ``size`` bytes, in chunks that can be had again from the start."""

    size: int
    chunks: Callable[[], Any]

    @classmethod
    def of(cls, data: bytes) -> Body:
        """A small one."""
        return cls(len(data), lambda: (data,))


class Answer:
    """The head of an answer, and its body as it is read. A context manager."""

    def __init__(
        self,
        wire: Wire,
        url: Url,
        connection: _Connection,
        response: http.client.HTTPResponse,
        method: str,
    ) -> None:
        self.url, self.status = url, response.status
        self._wire, self._connection, self._response = wire, connection, response
        self._ended = method == "HEAD"

    @property
    def reason(self) -> str:
        """The status in words."""
        return f"{self.status} {self._response.reason[:80]}".strip()

    @property
    def size(self) -> int | None:
        """Bytes of the body that are announced and not yet read."""
        return self._response.length

    def header(self, name: str) -> str:
        """A header's value, "" if it isn't there."""
        return self._response.headers.get(name, "")

    def headers(self, name: str) -> list[str]:
        """All values of a header."""
        return self._response.headers.get_all(name) or []

    def read(self, size: int) -> bytes:
        """Some bytes, up to ``size``; none at the end. Raises NoRegistry where it breaks off."""
        try:
            data = b"" if self._ended else self._response.read1(size)
            if not data and self._response.length:
                raise http.client.IncompleteRead(b"", self._response.length)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise no_registry(self.url, error, self._wire.patience) from error
        self._ended = self._ended or (not data and size > 0)
        return data

    def document(self, at_most: int) -> bytes:
        """All of it. Raises NoRegistry if it is longer than ``at_most`` bytes."""
        data = bytearray()
        while part := self.read(64 << 10):
            data += part
            if len(data) > at_most:
                raise NoRegistry(self.url.place, f"its answer is longer than {at_most} bytes")
        return bytes(data)

    def close(self) -> None:
        """Let go: the connection is kept if nothing of the answer is left in it."""
        reusable = self._ended or self._response.length == 0
        will_close = self._response.will_close
        self._response.close()
        if reusable and not will_close:
            self._wire.put_back(self.url, self._connection)
        else:
            self._connection.close()

    def __enter__(self) -> Answer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Connection(http.client.HTTPConnection):
    """To one place, maybe through a proxy; nothing is sent before it stands."""

    def __init__(self, url: Url, context: ssl.SSLContext | None, wire: Wire, afar: bool) -> None:
        super().__init__(url.host, url.port, timeout=wire.patience.connect)
        self.default_port = 443 if context else 80
        self._context, self._wire, self._afar = context, wire, afar
        self._name = url.host
        self._through_proxy = False
        self.sock: Any = None

    def go_through(self, proxy: Url) -> None:
        """By way of an HTTP proxy."""
        self._through_proxy = True
        if self._context:
            self.set_tunnel(self.host, self.port)
        self.host, self.port = proxy.host, proxy.port

    def connect(self) -> None:
        super().connect()
        if self._afar and not self._through_proxy:
            address = str(self.sock.getpeername()[0])
            if is_loopback(address):
                raise BadAddress(self._name, f"it leads to {address}, which is this machine")
        if self._context:
            self.sock = self._context.wrap_socket(self.sock, server_hostname=self._name)
        self.sock = WatchedSocket(self.sock, self._wire.patience, self._wire.check)

    def ask(self, method: str, url: Url, headers: Mapping[str, str], body: Body | None) -> None:
        """Send a request; an answer that comes before all of the body is sent ends the sending."""
        if self.sock is None:
            self.connect()
        watched: WatchedSocket = self.sock
        watched.begin(self._wire.patience.silence)
        absolute = self._through_proxy and not self._context
        self.putrequest(method, str(url) if absolute else url.target, skip_accept_encoding=True)
        for name, value in headers.items():
            self.putheader(name, value)
        if body is not None:
            self.putheader("Content-Length", str(body.size))
        try:
            self.endheaders()
            for chunk in body.chunks() if body else ():
                self.send(chunk)
        except (BrokenPipeError, ConnectionResetError):
            if body is None:
                raise
        watched.begin(self._wire.patience.commit if body else self._wire.patience.silence)


def no_registry(url: Url, error: Exception, patience: Patience) -> NoRegistry:
    """What went wrong on the way, in words."""
    what = url.place
    if isinstance(error, ssl.SSLCertVerificationError):
        hint = f"{_trust_hint(url)}, or its CA in /etc/docker/certs.d/{what}/ca.crt"
        return NoRegistry(what, f"its certificate is not trusted: {error.verify_message}", hint)
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return NoRegistry(what, "it breaks off", passing=True)
    if isinstance(error, ssl.SSLError):
        if error.reason in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE"):
            return NoRegistry(what, "it speaks no TLS", _trust_hint(url))
        return NoRegistry(what, f"TLS fails: {(error.reason or str(error)).lower()}")
    if isinstance(error, TimeoutError):
        slow = f"it sends nothing, or too little, for {patience.silence:g} seconds"
        return NoRegistry(what, slow, passing=True)
    if isinstance(error, socket.gaierror):
        return NoRegistry(what, "there is no such host, or no name server to ask")
    if isinstance(error, ConnectionRefusedError):
        return NoRegistry(what, "nothing answers there")
    if isinstance(error, http.client.IncompleteRead | http.client.RemoteDisconnected):
        return NoRegistry(what, "it breaks off", passing=True)
    if isinstance(error, http.client.HTTPException | ValueError):
        return NoRegistry(what, "what answers is no registry")
    assert isinstance(error, OSError)
    passing = isinstance(error, ConnectionError)
    return NoRegistry(what, (error.strerror or str(error)).lower(), passing=passing)


def _trust_hint(url: Url) -> str:
    return f"pull or push --insecure, LAYERSCOPE_INSECURE={url.place}"
