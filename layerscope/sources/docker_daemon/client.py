"""A small client of the Docker Engine API: documents and streams, nothing that changes a thing."""

from __future__ import annotations

import errno
import http.client
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from layerscope.errors import LayerscopeError
from layerscope.oci.document import Document
from layerscope.sources.docker_daemon.address import Address

if TYPE_CHECKING:
    import ssl

    from layerscope.sources.docker_daemon.address import Certificates

_MAX_BYTES = 64 << 20
_CHUNK = 64 << 10
_PATIENCE = 30.0  # seconds that a daemon gets for one answer


class NoDaemon(LayerscopeError):
    """No Docker answers, or it may not be talked to, or what answers is none."""


class SilentDaemon(NoDaemon):
    """It doesn't answer in time, and may yet."""


class DockerRefused(LayerscopeError):
    """Docker answers that it can't, or that there is no such thing."""

    def __init__(self, what: str, why: str, status: int) -> None:
        super().__init__(what, why)
        self.status = status


class DockerClient:
    """One daemon. ``patience`` is how many seconds an answer may take; a stream, each part of it.

    Methods raise NoDaemon, DockerRefused, InvalidDocument.
    """

    def __init__(self, address: Address, patience: float = _PATIENCE) -> None:
        self.address = address
        self._patience = patience
        self._connection: http.client.HTTPConnection | None = None

    def close(self) -> None:
        """Hang up."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def __enter__(self) -> DockerClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def document(self, path: str, query: Mapping[str, str] | None = None) -> Document:
        """The object that ``GET path`` answers with."""
        return Document.parse(self._get(path, query), f"Docker's {path[:200]}")

    def documents(self, path: str, query: Mapping[str, str] | None = None) -> list[Document]:
        """The list of objects."""
        data = self._get(path, query)
        if data.strip() == b"null":
            return []
        return Document.parse_list(data, f"Docker's {path[:200]}")

    @contextmanager
    def stream(self, path: str) -> Iterator[Iterator[bytes]]:
        """The bytes that ``GET path`` answers with, as they come, on a connection of their own."""
        connection = _connection(self.address, self._patience)
        try:
            with self._errors_told():
                answer = _ask(connection, path)
                if answer.status != http.client.OK:
                    raise _refused(answer, self._read(answer))
            yield self._chunks(answer)
        finally:
            connection.close()

    def _chunks(self, answer: http.client.HTTPResponse) -> Iterator[bytes]:
        while True:
            with self._errors_told():
                data = answer.read(16 * _CHUNK)
                if not data:
                    _check_end(answer)
                    return
            yield data

    def _get(self, path: str, query: Mapping[str, str] | None) -> bytes:
        with self._errors_told():
            if self._connection is None:
                self._connection = _connection(self.address, self._patience)
            try:
                full = f"{path}?{urlencode(query)}" if query else path
                answer = _ask(self._connection, full)
                data = self._read(answer)
            except BaseException:
                self.close()
                raise
        if answer.status != http.client.OK:
            raise _refused(answer, data)
        return data

    def _read(self, answer: http.client.HTTPResponse) -> bytes:
        """All of an answer, however slowly it drips, within the time and size that is allowed."""
        end, data = time.monotonic() + self._patience, bytearray()
        while part := answer.read1(_CHUNK):
            data += part
            if len(data) > _MAX_BYTES:
                raise NoDaemon("docker", f"its answer is longer than {_MAX_BYTES} bytes")
            if time.monotonic() > end:
                raise TimeoutError
        _check_end(answer)
        answer.close()
        return bytes(data)

    @contextmanager
    def _errors_told(self) -> Iterator[None]:
        try:
            yield
        except (OSError, http.client.HTTPException, UnicodeError) as error:
            self.close()
            raise _no_daemon(self.address, error) from error


def part(text: str) -> str:
    """A name as a part of a path."""
    return quote(text, safe="/:@", errors="surrogateescape")


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("docker", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def _connection(address: Address, timeout: float) -> http.client.HTTPConnection:
    if address.socket:
        return _UnixConnection(address.socket, timeout)
    if address.certificates is None:
        return http.client.HTTPConnection(address.host, address.port, timeout=timeout)
    return http.client.HTTPSConnection(
        address.host, address.port, timeout=timeout, context=_tls(address.certificates)
    )


def _tls(certificates: Certificates) -> ssl.SSLContext:
    import ssl

    context = ssl.create_default_context()
    if not certificates.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    folder = certificates.folder
    if certificates.verify and (folder / "ca.pem").is_file():
        context.load_verify_locations(folder / "ca.pem")
    if (folder / "cert.pem").is_file():
        context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


def _ask(connection: http.client.HTTPConnection, path: str) -> http.client.HTTPResponse:
    connection.request("GET", path, headers={"Host": "docker", "Accept": "application/json"})
    return connection.getresponse()


def _check_end(answer: http.client.HTTPResponse) -> None:
    """Raises IncompleteRead where fewer bytes came than were announced."""
    if answer.length:
        raise http.client.IncompleteRead(b"", answer.length)


def _refused(answer: http.client.HTTPResponse, data: bytes) -> DockerRefused:
    message: Any = None
    with suppress(LayerscopeError):
        message = Document.parse(data[:_CHUNK], "").values.get("message")
    why = str(message) if message else f"it answers {answer.status} {answer.reason[:80]}"
    return DockerRefused("docker", why[:500], answer.status)


def _no_daemon(address: Address, error: Exception) -> NoDaemon:
    what = f"docker at {address.text[:200]}"
    if isinstance(error, PermissionError):
        hint = "sudo, or have this user join the group docker"
        return NoDaemon(what, "this user may not talk to it", hint)
    if isinstance(error, TimeoutError):
        return SilentDaemon(what, "it doesn't answer in time")
    if isinstance(error, http.client.HTTPException):
        return NoDaemon(what, "what answers is no Docker, or breaks off")
    if isinstance(error, FileNotFoundError | ConnectionError):  # never there, or just gone
        hint = "start it, or say where it is: DOCKER_HOST=unix://… or tcp://…"
        return NoDaemon(what, "no daemon answers", hint)
    if isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:
        return NoDaemon(what, "its path is too long")
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return NoDaemon(what, reason.lower())
