"""One repository of a registry: manifests and blobs, both ways (OCI distribution-spec)."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from layerscope.oci import media
from layerscope.oci.digest import Digest, InvalidDigest
from layerscope.oci.document import MAX_BYTES
from layerscope.sources.registry.client import Client, Request
from layerscope.sources.registry.wire import Answer, Body, NoRegistry
from layerscope.store.blobs import WrongDigest

if TYPE_CHECKING:
    from layerscope.oci.descriptor import Descriptor
    from layerscope.oci.reference import Reference

# What registries themselves take.
_MAX_MANIFEST = 4 << 20
_ACCEPT = ", ".join(
    (media.OCI_INDEX, media.OCI_MANIFEST, media.DOCKER_INDEX, media.DOCKER_MANIFEST)
)
_OK, _PARTIAL, _NOT_FOUND = 200, 206, 404


class Repository:
    """The repository of an image name. Threads may share it.

    Methods raise what :class:`Client` raises.
    """

    def __init__(self, client: Client, reference: Reference) -> None:
        self.client = client
        self.name = f"{reference.domain}/{reference.path}"
        self.path = reference.path
        self.pull = (f"repository:{reference.path}:pull",)
        self.push = (f"repository:{reference.path}:pull,push",)

    def manifest(self, wanted: str | Digest) -> tuple[bytes, str]:
        """The bytes of a tag's or digest's manifest or index, verified, and the type it is given.

        Raises WrongDigest.
        """
        what = self._named(wanted)
        request = self._request("GET", f"manifests/{wanted}", what, {"Accept": _ACCEPT})
        with self.client.ask(request, (_OK,)) as answer:
            data = answer.document(_MAX_MANIFEST)
            told = answer.header("Docker-Content-Digest")
            kind = answer.header("Content-Type").partition(";")[0].strip()
        if isinstance(wanted, str):
            self._check_told(data, told)
        elif not wanted.matches(data):
            raise WrongDigest(wanted, Digest.of(data))
        return data, kind

    def has_manifest(self, digest: Digest) -> bool:
        """Whether it is there."""
        headers = {"Accept": _ACCEPT}
        request = self._request("HEAD", f"manifests/{digest}", self._named(digest), headers)
        with self.client.ask(request, (_OK, _NOT_FOUND)) as answer:
            return answer.status == _OK

    def put_manifest(self, wanted: str | Digest, data: bytes, media_type: str) -> None:
        """Give a manifest to the repository, under a tag or its digest. Raises WrongDigest."""
        headers = {"Content-Type": media_type}
        body = Body.of(data)
        what = self._named(wanted)
        request = self.request("PUT", f"manifests/{wanted}", what, headers, body)
        with self.client.ask(request, (200, 201, 202)) as answer:
            self._check_told(data, answer.header("Docker-Content-Digest"))

    def has_blob(self, digest: Digest) -> bool:
        """Whether it is there."""
        what = f"blob {digest.short} of {self.name}"
        request = self._request("HEAD", f"blobs/{digest}", what)
        with self.client.ask(request, (_OK, _NOT_FOUND)) as answer:
            return answer.status == _OK

    def blob(self, descriptor: Descriptor, start: int = 0, size: int | None = None) -> Answer:
        """A blob's bytes from ``start`` on, ``size`` of them or all that are left.

        A registry that can't begin in the middle is read up to there.
        """
        digest, end = descriptor.digest, descriptor.size
        size = end - start if size is None else size
        headers = {}
        if start or size != end:
            headers["Range"] = f"bytes={start}-{start + size - 1}"
        what = f"blob {digest.short} of {self.name}"
        request = self._request("GET", f"blobs/{digest}", what, headers)
        answer = self.client.ask(request, (_OK, _PARTIAL))
        try:
            self._check_blob(answer, what, start, size, end)
        except BaseException:
            answer.close()
            raise
        return answer

    def document(self, descriptor: Descriptor, what: str) -> bytes:
        """All of a small blob, verified. Raises WrongDigest."""
        if descriptor.size > MAX_BYTES:
            raise NoRegistry(self.name, f"its {what} is larger than {MAX_BYTES} bytes")
        with self.blob(descriptor) as answer:
            data = answer.document(descriptor.size)
        if not descriptor.digest.matches(data):
            raise WrongDigest(descriptor.digest, Digest.of(data))
        return data

    def request(
        self,
        method: str,
        target: str,
        what: str,
        headers: dict[str, str] | None = None,
        body: Body | None = None,
        more: Collection[str] = (),
    ) -> Request:
        """A request that writes; ``target`` is a path below the repository's."""
        url = self.client.api.join(f"{self.path}/{target}")
        return Request(method, url, what, (*self.push, *more), headers or {}, body)

    def _request(
        self, method: str, target: str, what: str, headers: dict[str, str] | None = None
    ) -> Request:
        url = self.client.api.join(f"{self.path}/{target}")
        return Request(method, url, what, self.pull, headers or {})

    def _named(self, wanted: str | Digest) -> str:
        return f"{self.name}:{wanted}" if isinstance(wanted, str) else f"{self.name}@{wanted}"

    def _check_told(self, data: bytes, told: str) -> None:
        """Raises WrongDigest where a registry says another digest than its bytes have."""
        try:
            digest = Digest.parse(told) if told else None
        except InvalidDigest as error:
            raise NoRegistry(self.name, f"it tells a digest that is none: {error.why}") from None
        if digest is not None and not digest.matches(data):
            raise WrongDigest(digest, Digest.of(data))

    def _check_blob(self, answer: Answer, what: str, start: int, size: int, end: int) -> None:
        if answer.status == _PARTIAL:
            told = answer.header("Content-Range")
            if not told.startswith(f"bytes {start}-"):
                raise NoRegistry(what, f"the registry sends another part of it ({told[:60]!r})")
            expected = size
        else:
            expected = end
        if answer.size is not None and answer.size != expected:
            why = f"the registry announces {answer.size} bytes of it, not {expected}"
            raise NoRegistry(what, why)
        left = start if answer.status == _OK else 0
        while left:
            data = answer.read(min(left, 1 << 20))
            if not data:
                raise NoRegistry(what, "it breaks off", passing=True)
            left -= len(data)
