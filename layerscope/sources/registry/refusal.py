"""What a registry says when it doesn't do it (OCI distribution-spec, error codes)."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from layerscope.errors import LayerscopeError
from layerscope.oci.document import Document
from layerscope.sources.registry.authority import AccessDenied
from layerscope.sources.registry.certificates import FOLDERS

if TYPE_CHECKING:
    from layerscope.sources.registry.wire import Answer

_MAX_BYTES = 64 << 10


class RegistryRefused(LayerscopeError):
    """A registry answers that it can't or won't."""

    def __init__(self, what: str, why: str, hint: str | None, status: int) -> None:
        super().__init__(what, why, hint)
        self.status = status


class NotThere(RegistryRefused):
    """A registry answers that it has no such thing."""


def refusal(what: str, answer: Answer) -> LayerscopeError:
    """The error for an answer that is none of those hoped for; ``what`` was asked for."""
    body = _body(answer)
    if answer.status == 400 and answer.url.scheme == "http" and b"https" in body.lower():
        # What a server that speaks TLS says to who doesn't: Go's, nginx's, Apache's words.
        hint = f"--insecure, or its certificate in {FOLDERS[-1] / answer.url.place}"
        return RegistryRefused(what, "the registry speaks TLS, and is asked without", hint, 400)
    message = _message(body)
    told = f": {message}" if message else ""
    if answer.status == 404:
        return NotThere(what, f"the registry has no such thing{told}", None, 404)
    if answer.status in (401, 403):
        place = answer.url.place
        login = f"docker login {place}, or skopeo login {place}"
        return AccessDenied(what, f"the registry denies it{told}", login)
    later = "again later" if answer.status in (429, 503) else None
    why = f"the registry answers {answer.reason}{told}"
    return RegistryRefused(what, why, later, answer.status)


def _body(answer: Answer) -> bytes:
    with suppress(LayerscopeError):
        return answer.document(_MAX_BYTES)
    return b""


def _message(body: bytes) -> str:
    """The words of its first error, "" if it says none."""
    with suppress(LayerscopeError):
        document = Document.parse(body, "")
        for error in document.children("errors"):
            return (error.text("message", "") or error.text("code", ""))[:300]
    return ""
