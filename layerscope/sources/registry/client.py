"""One registry: requests with the rights that they need, redirects, and second tries."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from layerscope import __version__
from layerscope.sources.registry.address import (
    Trust,
    Url,
    api_url,
    check_redirect,
    is_loopback,
)
from layerscope.sources.registry.authority import Authority
from layerscope.sources.registry.certificates import folders_for
from layerscope.sources.registry.challenge import parse_challenges
from layerscope.sources.registry.patience import Patience
from layerscope.sources.registry.refusal import refusal
from layerscope.sources.registry.wire import Answer, Body, NoRegistry, Wire

if TYPE_CHECKING:
    from layerscope.sources.registry.credentials import Credentials

_AGAIN = frozenset((429, 500, 502, 503, 504))
_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_MAX_REDIRECTS = 5
_OWN_HEADERS = {"User-Agent": f"layerscope/{__version__}", "Accept-Encoding": "identity"}


@dataclass(frozen=True, slots=True)
class Request:
    """``what`` is asked for in words; ``scopes`` are the rights that it needs.

    Where ``again`` is False a failure is told at once, for the caller to know how to go on.
    """

    method: str
    url: Url
    what: str
    scopes: tuple[str, ...]
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Body | None = None
    again: bool = True


def trust_of(domain: str, insecure: bool) -> Trust:
    """How far a registry is trusted: what runs on this machine needs no TLS."""
    host = Url.parse(f"https://{domain}").host
    if insecure:
        return Trust.ANY
    return Trust.PLAIN if is_loopback(host) and not folders_for(domain) else Trust.TLS


class Client:
    """One registry, talked to by one user. Threads may share it.

    ``domain`` is as in image names. Methods raise NoRegistry, RegistryRefused, AccessDenied,
    BadAddress, BadCredentials, InvalidDocument, and what ``check`` raises to stop.
    """

    def __init__(
        self,
        domain: str,
        trust: Trust,
        credentials: Callable[[], Credentials | None],
        check: Callable[[], None] = lambda: None,
        patience: Patience | None = None,
    ) -> None:
        self.domain = domain
        self.wire = Wire(patience or Patience(), check)
        self.api = self._api(trust)
        self._authority = Authority(self.wire, self.api, credentials)

    def close(self) -> None:
        """Hang up."""
        self.wire.close()

    def ask(self, request: Request, hoped: Collection[int]) -> Answer:
        """The answer, whose status is one of those ``hoped`` for."""
        patience = self.wire.patience
        tries = patience.tries if request.again else 1
        for left in reversed(range(tries)):
            try:
                answer = self._follow(request)
            except NoRegistry as error:
                if not (error.passing and left):
                    raise
                self.pause(tries - left)
                continue
            if answer.status in hoped:
                return answer
            with answer:
                said = answer.header("Retry-After")
                asked = float(said) if said.isascii() and said.isdigit() and len(said) < 9 else 0
                if not (answer.status in _AGAIN and left) or asked > patience.longest:
                    raise refusal(request.what, answer)
            self.pause(tries - left, asked)
        raise AssertionError

    def pause(self, number: int, at_least: float = 0.0) -> None:
        """Wait before the next try, the longer the more there were; seconds."""
        patience = self.wire.patience
        seconds = min(patience.pause * 2 ** (number - 1), patience.longest)
        end = time.monotonic() + max(seconds, at_least)
        while (left := end - time.monotonic()) > 0:
            self.wire.check()
            time.sleep(min(left, 0.1))

    def _follow(self, request: Request) -> Answer:
        """The answer behind all redirects; what is the user's stays with the registry."""
        url = request.url
        for _ in range(_MAX_REDIRECTS + 1):
            answer = self._authorised(request, url)
            location = answer.header("Location")
            if answer.status not in _REDIRECTS or not location:
                return answer
            with answer:
                dest = url.join(location)
            check_redirect(url, dest)
            url = dest
        raise NoRegistry(request.url.place, f"it redirects more than {_MAX_REDIRECTS} times")

    def _authorised(self, request: Request, url: Url) -> Answer:
        if url.origin != self.api.origin:
            afar = not is_loopback(self.api.host)
            return self._send(request, url, "", afar=afar)
        said = self._authority.header(request.scopes)
        answer = self._send(request, url, said)
        if answer.status != 401:
            return answer
        with answer:
            challenges = parse_challenges(answer.headers("WWW-Authenticate"))
        self._authority.meet(challenges, request.scopes, said)
        return self._send(request, url, self._authority.header(request.scopes))

    def _send(self, request: Request, url: Url, said: str, afar: bool = False) -> Answer:
        headers = {**_OWN_HEADERS, **request.headers}
        if said:
            headers["Authorization"] = said
        return self.wire.send(request.method, url, headers, request.body, afar=afar)

    def _api(self, trust: Trust) -> Url:
        """Where the API is; nothing is asked there yet, but whether it speaks TLS at all."""
        if trust is not Trust.ANY:
            return api_url(self.domain, "https" if trust is Trust.TLS else "http")
        api = api_url(self.domain, "https")
        self.wire.lax.add(api.host)
        try:
            self.wire.send("GET", api, _OWN_HEADERS).close()
        except NoRegistry as error:
            plain = api_url(self.domain, "http")
            try:
                self.wire.send("GET", plain, _OWN_HEADERS).close()
            except NoRegistry:
                raise error from None
            return plain
        return api
