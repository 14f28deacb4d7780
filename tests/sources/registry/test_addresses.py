"""Where registries are, and where they may send."""

from __future__ import annotations

import pytest

from layerscope.errors import LayerscopeError
from layerscope.sources.registry.address import (
    BadAddress,
    Trust,
    Url,
    api_url,
    check_redirect,
    is_loopback,
)
from layerscope.sources.registry.challenge import Challenge, choose_challenge, parse_challenges
from layerscope.sources.registry.client import trust_of


@pytest.mark.parametrize(
    ("domain", "text"),
    [
        ("docker.io", "https://registry-1.docker.io/v2/"),
        ("registry.example", "https://registry.example/v2/"),
        ("registry.example:443", "https://registry.example/v2/"),
        ("[::1]:5000", "https://[::1]:5000/v2/"),
    ],
)
def test_where_the_api_is(domain: str, text: str) -> None:
    assert str(api_url(domain, "https")) == text


@pytest.mark.parametrize(
    ("host", "mine"),
    [
        *((host, True) for host in ("localhost", "127.0.0.1", "127.9.9.9", "::1", "0.0.0.0")),
        *((host, True) for host in ("a.localhost", "::ffff:127.0.0.1", "::")),
        *((host, False) for host in ("localhost.example", "10.0.0.1", "registry", "fe80::1")),
    ],
)
def test_what_is_this_machine(host: str, mine: bool) -> None:
    assert is_loopback(host) is mine


@pytest.mark.parametrize(
    ("domain", "insecure", "trust"),
    [
        ("localhost:5000", False, Trust.PLAIN),
        ("127.0.0.1", False, Trust.PLAIN),
        ("127.0.0.1", True, Trust.ANY),
        ("registry.example:5000", False, Trust.TLS),
        ("registry.example", True, Trust.ANY),
    ],
)
def test_how_far_a_registry_is_trusted(domain: str, insecure: bool, trust: Trust) -> None:
    assert trust_of(domain, insecure) is trust


@pytest.mark.parametrize(
    ("location", "meant"),
    [
        ("/x?y=1", "http://a.example/x?y=1"),
        ("z", "http://a.example/v2/z"),
        ("//b.example/z", "http://b.example/z"),
        ("https://b.example:8443", "https://b.example:8443/"),
    ],
)
def test_where_an_answer_sends(location: str, meant: str) -> None:
    assert str(Url.parse("http://a.example/v2/").join(location)) == meant


@pytest.mark.parametrize("text", ["", "x", "ftp://x/", "http://", "http://x:99999/", "http://x/ a"])
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(LayerscopeError):
        Url.parse(text)


@pytest.mark.parametrize(
    ("source", "dest", "fine"),
    [
        ("https://a.example/", "https://b.example/", True),
        ("http://a.example/", "https://b.example/", True),
        ("http://a.example/", "http://b.example/", True),
        ("http://127.0.0.1:1/", "http://127.0.0.1:2/", True),
        ("https://a.example/", "http://a.example/", False),
        ("https://a.example/", "https://127.0.0.1/", False),
        ("http://a.example/", "http://localhost:80/", False),
        ("http://a.example/", "http://[::1]/", False),
    ],
)
def test_redirects(source: str, dest: str, fine: bool) -> None:
    if fine:
        check_redirect(Url.parse(source), Url.parse(dest))
    else:
        with pytest.raises(BadAddress):
            check_redirect(Url.parse(source), Url.parse(dest))


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ([], []),
        (["Basic"], [Challenge("basic")]),
        (['Basic realm="a, b"'], [Challenge("basic", {"realm": "a, b"})]),
        (
            ['Bearer realm="https://x/t",service=s , Scope="a b"'],
            [Challenge("bearer", {"realm": "https://x/t", "service": "s", "scope": "a b"})],
        ),
        (
            ['Basic realm="x", Bearer realm="y\\"z"'],
            [Challenge("basic", {"realm": "x"}), Challenge("bearer", {"realm": 'y"z'})],
        ),
        (
            ["Negotiate abc==", "Basic realm=r"],
            [Challenge("negotiate"), Challenge("basic", {"realm": "r"})],
        ),
        (["=,=", '"'], []),
    ],
)
def test_challenges(headers: list[str], found: list[Challenge]) -> None:
    parsed = parse_challenges(headers)
    assert [one for one in parsed if one.scheme in ("basic", "bearer", "negotiate")] == found


def test_tokens_are_better_than_passwords() -> None:
    both = [Challenge("basic"), Challenge("bearer")]
    assert choose_challenge(both) == Challenge("bearer")
    assert choose_challenge([Challenge("negotiate")]) is None
