"""Image names as people write them (the grammar of distribution/reference)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from typing import NamedTuple

from layerscope.errors import UsageError
from layerscope.oci.digest import Digest, InvalidDigest

DEFAULT_DOMAIN = "docker.io"
_OLD_DOMAIN = "index.docker.io"
DEFAULT_TAG = "latest"
_OFFICIAL = "library/"
_MAX_NAME = 255

_COMPONENT = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_PATH = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
_DOMAIN = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9a-fA-F:]+\])(?::[0-9]+)?")
_ID = re.compile(r"[0-9a-f]{64}")
_TAG = re.compile(r"\w[\w.-]{0,127}", re.ASCII)


class InvalidReference(UsageError):
    """A text that is no image name."""


class Reference(NamedTuple):
    """A full name: ``domain/path``, with a tag, a digest or both."""

    domain: str
    path: str
    tag: str | None = None
    digest: Digest | None = None

    @classmethod
    def parse(cls, text: str) -> Reference:
        """Read a name; ``alpine`` is docker.io/library/alpine:latest. Raises InvalidReference."""
        rest, at, digest_text = text.partition("@")
        digest = _digest(text, digest_text) if at else None
        head, slash, last = rest.rpartition("/")
        last, colon, tag = last.partition(":")
        domain, path = _split_domain(head + slash + last)
        if not _DOMAIN.fullmatch(domain) or not _PATH.fullmatch(path):
            hint = "a name in lower case, as in registry.example/team/app:1.0"
            if "://" in text:
                hint = f"the same without {text.partition('://')[0][:20]}://"
            raise InvalidReference(repr(text[:200]), "it is no image name", hint)
        if _ID.fullmatch(rest):
            raise InvalidReference(repr(text), "a name can't look like a whole image ID")
        if len(path) > _MAX_NAME or (colon and not _TAG.fullmatch(tag)):
            raise InvalidReference(repr(text[:200]), "its tag or name is not allowed")
        if not colon:
            return cls(domain, path, None if digest else DEFAULT_TAG, digest)
        return cls(domain, path, tag, digest)

    @property
    def repository(self) -> str:
        """The name without tag and digest, as Docker shows it."""
        if self.domain != DEFAULT_DOMAIN:
            return f"{self.domain}/{self.path}"
        return self.path.removeprefix(_OFFICIAL) if self.path.count("/") == 1 else self.path

    @property
    def familiar(self) -> str:
        """The name as Docker shows it: ``alpine:latest``."""
        return self._with_tag(self.repository)

    def __str__(self) -> str:
        return self._with_tag(f"{self.domain}/{self.path}")

    def _with_tag(self, name: str) -> str:
        tag = f":{self.tag}" if self.tag else ""
        return f"{name}{tag}" + (f"@{self.digest}" if self.digest else "")


def familiar_names(texts: Iterable[str]) -> tuple[str, ...]:
    """Names with tags as Docker shows them, without what is none: ``<none>:<none>``, a digest's."""
    found = []
    for text in texts:
        with suppress(InvalidReference):
            reference = Reference.parse(text)
            if reference.digest is None:
                found.append(reference.familiar)
    return tuple(found)


def _digest(text: str, digest: str) -> Digest:
    try:
        return Digest.parse(digest)
    except InvalidDigest as error:
        raise InvalidReference(repr(text[:200]), f"its digest is wrong: {error.why}") from None


def _split_domain(name: str) -> tuple[str, str]:
    domain, slash, path = name.partition("/")
    foreign = domain == "localhost" or any(c in domain for c in ".:") or domain != domain.lower()
    if not slash or not foreign:
        domain, path = DEFAULT_DOMAIN, name
    if domain == _OLD_DOMAIN:
        domain = DEFAULT_DOMAIN
    if domain == DEFAULT_DOMAIN and "/" not in path:
        path = _OFFICIAL + path
    return domain, path
