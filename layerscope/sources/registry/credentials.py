"""Who somebody is at a registry: the files and helpers that docker, podman and skopeo log in with.

containers-auth.json(5), and Docker's config.json with its credential helpers.
"""

from __future__ import annotations

import base64
import binascii
import os
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from layerscope.errors import LayerscopeError
from layerscope.oci.document import Document
from layerscope.oci.reference import DEFAULT_DOMAIN

# The key that Docker keeps the login of its own registry under.
_HUB_KEY = "https://index.docker.io/v1/"
_HUB_NAMES = frozenset(("docker.io", "index.docker.io", "registry-1.docker.io"))
_TOKEN_USER = "<token>"
_NOT_FOUND = "credentials not found"
_PATIENCE = 60.0  # seconds that a helper, which may ask its user, gets


class BadCredentials(LayerscopeError):
    """A file of credentials cannot be read, or a helper fails."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """A name with its password; or an identity token, which token servers take instead; or a token
    that the registry itself takes."""

    user: str = ""
    password: str = ""
    identity_token: str = ""
    registry_token: str = ""

    @property
    def basic(self) -> str:
        """The value of an Authorization header."""
        pair = f"{self.user}:{self.password}".encode()
        return f"Basic {base64.b64encode(pair).decode()}"


def find_credentials(
    domain: str, path: str, environment: Mapping[str, str] | None = None
) -> Credentials | None:
    """What to say at a registry for one of its repositories; None where nobody has logged in.

    The entry for the longest part of ``domain/path`` counts, in the first file that has one.
    Raises BadCredentials, InvalidDocument.
    """
    environment = os.environ if environment is None else environment
    for file in _files(environment):
        try:
            data = file.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            raise BadCredentials(str(file), (error.strerror or str(error)).lower()) from None
        if not data.strip():
            continue
        found = _in_file(Document.parse(data, str(file)), domain, path, environment)
        if found is not None:
            return found
    return None


def _files(environment: Mapping[str, str]) -> Iterator[Path]:
    if named := environment.get("REGISTRY_AUTH_FILE"):
        yield Path(named)
        return
    home = Path(environment.get("HOME") or Path.home())
    runtime = environment.get("XDG_RUNTIME_DIR") or f"/run/containers/{os.getuid()}"
    within = "containers" if environment.get("XDG_RUNTIME_DIR") else "."
    yield Path(runtime) / within / "auth.json"
    yield Path(environment.get("XDG_CONFIG_HOME") or home / ".config") / "containers/auth.json"
    yield Path(environment.get("DOCKER_CONFIG") or home / ".docker") / "config.json"


def _in_file(
    document: Document, domain: str, path: str, environment: Mapping[str, str]
) -> Credentials | None:
    helpers = document.mapping("credHelpers")
    helper = helpers.get(domain) or document.text("credsStore", "")
    if helper and (found := _ask_helper(helper, domain, environment)):
        return found
    auths = document.child("auths")
    entries = {_key(key): key for key in (auths.values if auths else {})}
    for key in _keys(domain, path):
        if auths is not None and key in entries:
            entry = auths.child(entries[key])
            found = _entry(entry) if entry else None
            if found is not None:
                return found
    return None


def _keys(domain: str, path: str) -> Iterator[str]:
    """The longest first: ``domain/a/b``, ``domain/a``, ``domain``."""
    parts = [domain, *path.split("/")]
    for count in range(len(parts), 0, -1):
        yield "/".join(parts[:count])


def _key(text: str) -> str:
    """A key of ``auths`` without what old Dockers put around the host."""
    if "://" in text:
        text = text.partition("://")[2].partition("/")[0]
    return DEFAULT_DOMAIN if text in _HUB_NAMES else text.rstrip("/")


def _entry(entry: Document) -> Credentials | None:
    user, password = entry.text("username", ""), entry.text("password", "")
    if encoded := entry.text("auth", ""):
        try:
            pair = base64.b64decode(encoded, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            raise entry.wrong("auth", "is no base64 of a text") from None
        user, _, password = pair.rstrip("\0").partition(":")
    found = Credentials(
        user, password, entry.text("identitytoken", ""), entry.text("registrytoken", "")
    )
    return found if found != Credentials() else None


def _ask_helper(helper: str, domain: str, environment: Mapping[str, str]) -> Credentials | None:
    """What `docker-credential-HELPER get` says. Raises BadCredentials, InvalidDocument."""
    program = f"docker-credential-{helper}"
    server = _HUB_KEY if domain == DEFAULT_DOMAIN else domain
    if "/" in helper or "\0" in helper:
        raise BadCredentials(program[:200], "it is no name of a credential helper")
    try:
        ran = subprocess.run(
            [program, "get"],
            input=server.encode(),
            capture_output=True,
            timeout=_PATIENCE,
            env=dict(environment),
        )
    except FileNotFoundError:
        raise BadCredentials(program, "this credential helper is not installed") from None
    except subprocess.TimeoutExpired:
        raise BadCredentials(program, f"it says nothing for {_PATIENCE:g} seconds") from None
    except OSError as error:
        raise BadCredentials(program, (error.strerror or str(error)).lower()) from None
    if ran.returncode != 0:
        said = (ran.stdout + ran.stderr).decode("utf-8", "replace").strip()
        if _NOT_FOUND in said:
            return None
        last = said.splitlines()[-1] if said else f"it ends with the code {ran.returncode}"
        raise BadCredentials(program, last[:300])
    answer = Document.parse(ran.stdout, program)
    user, secret = answer.text("Username", ""), answer.text("Secret", "")
    if user == _TOKEN_USER:
        return Credentials(identity_token=secret)
    return Credentials(user, secret) if user or secret else None
