"""A registry on the loopback that does as it is told: an honest one, until a test sets a trap."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import ssl
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from layerscope.oci import media
from sample_images.archives import Blob, Image

Trap = Callable[["Handler"], None]
TOKEN = "a-token"


def digest_of(data: bytes | bytearray) -> str:
    """Its sha256 as registries write it."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def content(blob: Blob) -> bytes:
    """The bytes of a sample image's part."""
    with blob.open() as raw:
        return raw.read()


@dataclass
class Asked:
    """A request that came."""

    method: str
    path: str
    headers: dict[str, str]
    body: int


@dataclass
class FakeRegistry:
    """What it holds and how it behaves; ``sent`` counts the bytes of blobs that went out.

    ``traps`` answer in its place: the first whose pattern is found in ``METHOD path``. ``users``,
    if any, must say their password, or get a token for it where ``tokens`` is set.
    """

    address: str = ""
    manifests: dict[tuple[str, str], tuple[bytes, str]] = field(default_factory=dict)
    blobs: dict[str, dict[str, bytes]] = field(default_factory=lambda: defaultdict(dict))
    uploads: dict[str, bytearray] = field(default_factory=dict)
    traps: list[tuple[str, Trap]] = field(default_factory=list)
    users: dict[str, str] = field(default_factory=dict)
    tokens: bool = False
    anonymous: bool = False
    ranges: bool = True
    mounts: bool = True
    largest: int = 1 << 40
    asked: list[Asked] = field(default_factory=list)
    sent: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def add(self, repository: str, tag: str, image: Image) -> str:
        """Hold an image; the digest of its manifest."""
        held = self.blobs[repository]
        for blob in (image.config, *(layer.blob for layer in image.layers)):
            held[f"sha256:{blob.sha256}"] = content(blob)
        return self.add_manifest(repository, tag, content(image.manifest), media.OCI_MANIFEST)

    def add_manifest(self, repository: str, tag: str, data: bytes, kind: str) -> str:
        """Hold a manifest or index; its digest."""
        digest = digest_of(data)
        for name in (tag, digest):
            self.manifests[repository, name] = (data, kind)
        return digest

    def trap(self, pattern: str, trap: Trap) -> None:
        """Answer so where ``pattern`` is found in ``METHOD path``."""
        self.traps.insert(0, (pattern, trap))

    def count(self, pattern: str) -> int:
        """How many requests fit the pattern."""
        return sum(bool(re.search(pattern, f"{one.method} {one.path}")) for one in self.asked)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    registry: FakeRegistry


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server: _Server

    @property
    def registry(self) -> FakeRegistry:
        """Whose connection it is."""
        return self.server.registry

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self._any()

    do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815

    def _any(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        asked = Asked(self.command, self.path, dict(self.headers.items()), length)
        self.registry.asked.append(asked)
        # Who takes it for a proxy gets what it has itself.
        self.path = re.sub(r"^http://[^/]+", "", self.path)
        for pattern, trap in self.registry.traps:
            if re.search(pattern, f"{self.command} {self.path}"):
                trap(self)
                return
        self.honest()

    def honest(self) -> None:
        """Answer as a registry does."""
        url = urlsplit(self.path)
        if url.path == "/token":
            self._token(parse_qs(url.query))
        elif not self._allowed():
            self._challenge()
        elif url.path == "/v2/":
            self.reply(200, b"{}")
        elif found := re.fullmatch(r"/v2/(.+)/manifests/([^/]+)", url.path):
            self._manifest(found[1], found[2])
        elif found := re.fullmatch(r"/v2/(.+)/blobs/uploads/(.*)", url.path):
            self._upload(found[1], found[2], parse_qs(url.query))
        elif found := re.fullmatch(r"/v2/(.+)/blobs/(sha256:[0-9a-f]{64})", url.path):
            self._blob(found[1], found[2])
        else:
            self.refuse(404, "NAME_UNKNOWN", "repository name not known to registry")

    def reply(self, status: int, body: bytes = b"", **headers: str) -> None:
        """A whole answer; underscores in names of headers mean dashes."""
        self.head(status, len(body), **headers)
        if self.command != "HEAD":
            self.wfile.write(body)

    def head(self, status: int, length: int | None, **headers: str) -> None:
        """The head of an answer alone."""
        self.send_response(status)
        if length is not None:
            self.send_header("Content-Length", str(length))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def refuse(self, status: int, code: str, message: str, **headers: str) -> None:
        """An error as the specification has it."""
        error = {"errors": [{"code": code, "message": message}]}
        self.body()
        self.reply(status, json.dumps(error).encode(), **headers)

    def body(self) -> bytes:
        """What the request carries."""
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _user(self) -> str | None:
        scheme, _, value = self.headers.get("Authorization", "").partition(" ")
        if scheme != "Basic":
            return None
        user, _, password = base64.b64decode(value).decode().partition(":")
        return user if self.registry.users.get(user) == password else None

    def _allowed(self) -> bool:
        registry = self.registry
        if not registry.users and not registry.tokens:
            return True
        if registry.tokens:
            return self.headers.get("Authorization") == f"Bearer {TOKEN}"
        return self._user() is not None

    def _challenge(self) -> None:
        realm = f"http://{self.registry.address}/token"
        said = f'Bearer realm="{realm}",service="fake"' if self.registry.tokens else "Basic realm=x"
        self.refuse(401, "UNAUTHORIZED", "authentication required", WWW_Authenticate=said)

    def _token(self, query: dict[str, list[str]]) -> None:
        data = self.body()
        if self.command == "POST":
            fits = parse_qs(data.decode()).get("refresh_token") == ["an-identity-token"]
        else:
            fits = self._user() is not None or self.registry.anonymous
        if not fits:
            self.reply(401, b"{}")
        else:
            self.reply(200, json.dumps({"token": TOKEN, "expires_in": 300}).encode())

    def _manifest(self, repository: str, name: str) -> None:
        if self.command == "PUT":
            data = self.body()
            kind = self.headers["Content-Type"]
            digest = self.registry.add_manifest(repository, name, data, kind)
            self.reply(201, Docker_Content_Digest=digest)
            return
        found = self.registry.manifests.get((repository, name))
        if found is None:
            self.refuse(404, "MANIFEST_UNKNOWN", "manifest unknown")
            return
        data, kind = found
        self.reply(200, data, Content_Type=kind, Docker_Content_Digest=digest_of(data))

    def _blob(self, repository: str, digest: str) -> None:
        data = self.registry.blobs[repository].get(digest)
        if data is None:
            self.refuse(404, "BLOB_UNKNOWN", "blob unknown to registry")
            return
        wanted = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        if wanted and self.registry.ranges:
            start, end = int(wanted[1]), min(int(wanted[2]) + 1, len(data))
            span = f"bytes {start}-{end - 1}/{len(data)}"
            self._count(digest, end - start)
            self.reply(206, data[start:end], Content_Range=span)
        else:
            self._count(digest, len(data))
            self.reply(200, data)

    def _count(self, digest: str, size: int) -> None:
        if self.command == "GET":
            self.registry.sent[digest] += size

    def _upload(self, repository: str, session: str, query: dict[str, list[str]]) -> None:
        registry = self.registry
        if int(self.headers.get("Content-Length", 0)) > registry.largest:
            self.refuse(413, "SIZE_INVALID", "too large")
            return
        data = self.body()
        if self.command == "POST":
            other, digest = query.get("from", [""])[0], query.get("mount", [""])[0]
            if registry.mounts and digest in registry.blobs[other]:
                registry.blobs[repository][digest] = registry.blobs[other][digest]
                self.reply(201, Docker_Content_Digest=digest)
                return
            session = str(len(registry.uploads))
            registry.uploads[session] = bytearray()
        elif self.command == "DELETE":
            self.reply(204)
            return
        kept = registry.uploads[session]
        span = self.headers.get("Content-Range")
        if span and not span.startswith(f"{len(kept)}-"):
            self.refuse(416, "RANGE_INVALID", "not in order")
            return
        kept += data
        if self.command != "PUT":
            self.reply(202, Location=f"/v2/{repository}/blobs/uploads/{session}?_state=x")
        elif digest_of(kept) == query["digest"][0]:
            registry.blobs[repository][digest_of(kept)] = bytes(kept)
            self.reply(201, Docker_Content_Digest=digest_of(kept))
        else:
            self.refuse(400, "DIGEST_INVALID", "provided digest did not match uploaded content")


@contextmanager
def fake_registry(tls: tuple[Path, Path] | None = None) -> Iterator[FakeRegistry]:
    """A registry that listens; with a certificate and its key it speaks TLS."""
    server = _Server(("127.0.0.1", 0), Handler)
    if tls is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*tls)
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    server.registry = FakeRegistry(f"127.0.0.1:{server.server_address[1]}")
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server.registry
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def cut(after: int, times: int = 1 << 30) -> Trap:
    """Blobs break off after so many bytes of each answer, the first ``times`` times."""
    left = [times]

    def trap(handler: Handler) -> None:
        if not left[0]:
            handler.honest()
            return
        left[0] -= 1
        whole = handler.wfile
        handler.wfile = _Cut(handler, whole, after)  # type: ignore[assignment]
        handler.honest()
        handler.wfile = whole

    return trap


class _Cut:
    """Takes a head and then so many bytes of a body, and hangs up."""

    def __init__(self, handler: Handler, whole: Any, left: int) -> None:
        self._handler, self._whole, self._left = handler, whole, left
        self._in_body = False

    def write(self, data: bytes) -> int:
        if not self._in_body:
            self._in_body = data.endswith(b"\r\n\r\n")
            self._whole.write(data)
            return len(data)
        self._whole.write(data[: self._left])
        self._handler.close_connection = True
        return len(data)

    def flush(self) -> None:
        self._whole.flush()


def answer(status: int, body: bytes = b"", **headers: str) -> Trap:
    """Always the same answer."""

    def trap(handler: Handler) -> None:
        handler.body()
        handler.reply(status, body, **headers)

    return trap
