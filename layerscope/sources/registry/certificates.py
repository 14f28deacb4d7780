"""Whose certificates are trusted, and which one is shown (Docker's and the containers' certs.d)."""

from __future__ import annotations

import ssl
from pathlib import Path

from layerscope.errors import LayerscopeError

# Folders of folders named HOST[:PORT], which hold *.crt (authorities), *.cert and *.key (own).
FOLDERS = (Path("/etc/containers/certs.d"), Path("/etc/docker/certs.d"))
_OWN = Path(".config/containers/certs.d")


class BadCertificate(LayerscopeError):
    """A file of a certs.d folder cannot be used."""


def context_for(place: str, lax: bool) -> ssl.SSLContext:
    """How to talk TLS to HOST[:PORT]; ``lax`` takes any certificate. Raises BadCertificate."""
    context = ssl.create_default_context()
    if lax:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    for folder in folders_for(place):
        for path in sorted(folder.glob("*.crt")):
            _load(path, lambda path=path: context.load_verify_locations(path))
        for path in sorted(folder.glob("*.cert")):
            key = path.with_suffix(".key")
            _load(path, lambda path=path, key=key: context.load_cert_chain(path, key))
    return context


def folders_for(place: str) -> list[Path]:
    """The folders that speak of HOST[:PORT]."""
    every = (Path.home() / _OWN, *FOLDERS)
    return [folder / place for folder in every if (folder / place).is_dir()]


def _load(path: Path, load: object) -> None:
    assert callable(load)
    try:
        load()
    except OSError as error:  # ssl.SSLError is one
        why = error.strerror or "it is no certificate"
        raise BadCertificate(str(path), why.lower()) from None
