"""A blob on its way to a registry (OCI distribution-spec, pushing blobs)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from layerscope.sources.registry.client import Request
from layerscope.sources.registry.refusal import RegistryRefused
from layerscope.sources.registry.wire import Answer, Body, NoRegistry

if TYPE_CHECKING:
    from layerscope.archive.blob import FileRange
    from layerscope.oci.digest import Digest
    from layerscope.sources.registry.address import Url
    from layerscope.sources.registry.repository import Repository

_CREATED, _ACCEPTED, _NO_CONTENT = 201, 202, 204
_TOO_LARGE = 413
_CHUNK = 1 << 20
# Bytes a request to registries that take no whole blob.
_PIECE = 16 << 20
_MAX_PIECE = 1 << 30
_BYTES = {"Content-Type": "application/octet-stream"}

Watch = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Upload:
    """One blob, and what hears how many of its bytes are sent."""

    repository: Repository
    digest: Digest
    place: FileRange
    watch: Watch

    def mounted(self, others: Sequence[str]) -> bool:
        """Whether the registry takes it from a repository of its own that is one of ``others``.

        Raises what a client raises.
        """
        for other in others:
            query = urlencode({"mount": str(self.digest), "from": other})
            target = f"blobs/uploads/?{query}"
            right = (f"repository:{other}:pull",)
            request = self.repository.request("POST", target, self._what, more=right)
            try:
                with self.repository.client.ask(request, (_CREATED, _ACCEPTED)) as answer:
                    if answer.status == _CREATED:
                        return True
                    self._cancel(answer)
            except RegistryRefused:
                continue
        return False

    def send(self) -> None:
        """Send all of it: at once, or in pieces to a registry that wants it so.

        One that breaks off is sent it anew. Raises what a client raises.
        """
        client = self.repository.client
        tries = client.wire.patience.tries
        pieces = False
        for number in range(1, tries + 1):
            try:
                self._send(pieces)
            except NoRegistry as error:
                if not error.passing or number == tries:
                    raise
            except RegistryRefused as error:
                if error.status == _TOO_LARGE and not pieces:
                    pieces = True
                    continue
                if error.status < 500 or number == tries:
                    raise
            else:
                return
            client.pause(number)

    @property
    def _what(self) -> str:
        return f"blob {self.digest.short} to {self.repository.name}"

    def _send(self, pieces: bool) -> None:
        begin = self.repository.request("POST", "blobs/uploads/", self._what)
        with self.repository.client.ask(begin, (_ACCEPTED,)) as answer:
            session = self._session(answer)
            least = answer.header("OCI-Chunk-Min-Length")
        size = self.place.size
        piece = size
        if pieces:
            least_size = int(least) if least.isascii() and least.isdigit() else 0
            piece = min(max(_PIECE, least_size), _MAX_PIECE)
        for start in range(0, size, piece or 1):
            session = self._patch(session, start, min(piece, size - start), ranged=pieces)
        end = session.with_query(urlencode({"digest": str(self.digest)}))
        self._ask("PUT", end, {}, Body.of(b""), (_CREATED, _NO_CONTENT)).close()

    def _patch(self, session: Url, start: int, size: int, *, ranged: bool) -> Url:
        headers = dict(_BYTES)
        if ranged:
            headers["Content-Range"] = f"{start}-{start + size - 1}"
        body = Body(size, lambda: self._chunks(start, size))
        with self._ask("PATCH", session, headers, body, (_ACCEPTED, _NO_CONTENT)) as answer:
            return self._session(answer)

    def _ask(
        self, method: str, url: Url, headers: dict[str, str], body: Body, hoped: Sequence[int]
    ) -> Answer:
        scopes = self.repository.push
        request = Request(method, url, self._what, scopes, headers, body, again=False)
        return self.repository.client.ask(request, hoped)

    def _chunks(self, start: int, size: int) -> Iterator[bytes]:
        with self.place.open() as raw:
            for at in range(start, start + size, _CHUNK):
                yield raw.pread(at, min(_CHUNK, start + size - at))
                self.watch(min(at + _CHUNK, start + size))

    def _session(self, answer: Answer) -> Url:
        """Where the upload goes on."""
        location = answer.header("Location")
        if not location:
            raise NoRegistry(self._what, "the registry doesn't say where to send it")
        return answer.url.join(location)

    def _cancel(self, answer: Answer) -> None:
        """A session that a mount has begun in vain."""
        try:
            session = self._session(answer)
            request = Request("DELETE", session, self._what, self.repository.push, again=False)
            self.repository.client.ask(request, (200, 202, _NO_CONTENT, 404)).close()
        except (NoRegistry, RegistryRefused):
            pass  # it ends by itself
