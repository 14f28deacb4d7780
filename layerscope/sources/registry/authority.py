"""The right to do something at a registry: passwords, and tokens that a server gives for them.

The distribution project's token authentication (token, oauth and scope specifications).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from layerscope.errors import LayerscopeError
from layerscope.oci.document import Document, InvalidDocument
from layerscope.sources.registry.address import BadAddress, Url, is_loopback
from layerscope.sources.registry.challenge import Challenge, choose_challenge
from layerscope.sources.registry.wire import Body

if TYPE_CHECKING:
    from collections.abc import Sequence

    from layerscope.sources.registry.credentials import Credentials
    from layerscope.sources.registry.wire import Answer, Wire

Scopes = tuple[str, ...]

_CLIENT = "layerscope"
_MAX_TOKEN = 1 << 20
_SHORTEST = 60  # seconds that a token is good for if nobody says
_EARLY = 10  # seconds before its end in which a token isn't used any more


class AccessDenied(LayerscopeError):
    """The registry, or its token server, doesn't let this user do it."""


@dataclass(frozen=True, slots=True)
class _Grant:
    """The value of an Authorization header and until when it is good (monotonic seconds)."""

    header: str
    until: float


class Authority:
    """What one user may do at one registry; threads may share it."""

    def __init__(self, wire: Wire, api: Url, credentials: Callable[[], Credentials | None]) -> None:
        """``credentials`` are looked for when the registry first asks."""
        self._wire, self._api = wire, api
        self._find = credentials
        self._found: list[Credentials | None] = []
        self._lock = threading.Lock()
        self._grants: dict[Scopes, _Grant] = {}
        self._challenge: Challenge | None = None

    def header(self, scopes: Scopes) -> str:
        """What to say; "" before anything was asked for. Raises AccessDenied, LayerscopeError."""
        with self._lock:
            if self._challenge is None:
                return ""
            grant = self._grants.get(scopes)
            if grant is None or grant.until < time.monotonic():
                grant = self._grants[scopes] = self._granted(self._challenge, scopes)
            return grant.header

    def meet(self, challenges: Sequence[Challenge], scopes: Scopes, said: str) -> None:
        """The registry wants more than ``said``. Raises AccessDenied where there is no more."""
        with self._lock:
            grant = self._grants.get(scopes)
            if grant is not None and grant.header != said:
                return  # another thread has met it meanwhile
            challenge = choose_challenge(challenges)
            if challenge is None:
                raise AccessDenied(self._api.place, "it asks for what only its own clients know")
            if challenge.scheme == "basic" and said.startswith("Basic "):
                raise self._denied()
            self._challenge = challenge
            self._grants[scopes] = self._granted(challenge, scopes)

    def _granted(self, challenge: Challenge, scopes: Scopes) -> _Grant:
        who = self._credentials()
        if who is not None and who.registry_token:
            return _Grant(f"Bearer {who.registry_token}", float("inf"))
        if challenge.scheme == "basic":
            if who is None or not who.user:
                raise self._denied()
            return _Grant(who.basic, float("inf"))
        return self._token(challenge, scopes, who)

    def _credentials(self) -> Credentials | None:
        if not self._found:
            self._found.append(self._find())
        return self._found[0]

    def _token(self, challenge: Challenge, scopes: Scopes, who: Credentials | None) -> _Grant:
        realm = Url.parse(challenge.values.get("realm", ""))
        self._check_realm(realm)
        service = challenge.values.get("service", "")
        pairs = [("service", service)] if service else []
        # What it asks for in words is needed too, as when it names a repository otherwise.
        wanted = scopes or tuple(challenge.values.get("scope", "").split())
        if who is not None and who.identity_token:
            form = [
                ("grant_type", "refresh_token"),
                ("refresh_token", who.identity_token),
                ("client_id", _CLIENT),
                *pairs,
                ("scope", " ".join(wanted)),
            ]
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
            body = Body.of(urlencode(form).encode())
            answer = self._wire.send("POST", realm, headers, body)
        else:
            pairs += [("scope", scope) for scope in wanted]
            headers = {"Authorization": who.basic} if who is not None else {}
            url = realm.with_query(urlencode(pairs)) if pairs else realm
            answer = self._wire.send("GET", url, headers)
        with answer:
            return self._grant(answer)

    def _check_realm(self, realm: Url) -> None:
        """A password goes to TLS servers, and otherwise only where the registry is itself."""
        same = realm.host == self._api.host or (
            is_loopback(realm.host) and is_loopback(self._api.host)
        )
        if realm.scheme != "https" and not (same and self._api.scheme == "http"):
            why = f"it asks for a password to be sent to {realm.place} without TLS"
            raise BadAddress(self._api.place, why)

    def _grant(self, answer: Answer) -> _Grant:
        from layerscope.sources.registry.refusal import refusal

        if answer.status in (400, 401, 403):
            raise self._denied()
        if answer.status != 200:
            raise refusal(answer.url.place, answer)
        document = Document.parse(answer.document(_MAX_TOKEN), f"{answer.url.place}: its token")
        token = document.text("token", "") or document.text("access_token", "")
        if not token or not token.isascii() or not token.isprintable():
            raise InvalidDocument(document.what, "there is none in the answer")
        lasts = document.values.get("expires_in")
        seconds = lasts if isinstance(lasts, int) and lasts > 0 else _SHORTEST
        return _Grant(f"Bearer {token}", time.monotonic() + max(seconds - _EARLY, _EARLY))

    def _denied(self) -> AccessDenied:
        place = self._api.place
        hint = f"docker login {place}, or skopeo login {place}"
        if self._credentials() is None:
            return AccessDenied(place, "it wants to know who asks, and nobody has logged in", hint)
        return AccessDenied(place, "it doesn't take this user's name and password", hint)
