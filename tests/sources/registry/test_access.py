"""Who may do what: passwords, tokens, redirects, TLS."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from layerscope.errors import LayerscopeError
from layerscope.oci.reference import Reference
from layerscope.progress import Silent
from layerscope.sources.registry.address import BadAddress, Url
from layerscope.sources.registry.authority import AccessDenied
from layerscope.sources.registry.image import open_registry
from layerscope.sources.registry.patience import Patience
from layerscope.sources.registry.wire import NoRegistry, Wire
from layerscope.store.store import Store
from tests.support.fake_registry import FakeRegistry, Handler, answer, fake_registry
from tests.support.registries import BLOB, IMAGE, ZIPPED, look, pull, push
from tests.support.stores import faults
from tests.support.tls import write_pair


def log_in(tmp_path: Path, registry: FakeRegistry, **entry: str) -> None:
    """Write Docker's config."""
    folder = tmp_path / "home"
    folder.mkdir(exist_ok=True)
    config = {"auths": {registry.address: entry}}
    (folder / "config.json").write_text(json.dumps(config))


def pair(user: str, password: str) -> str:
    """As it stands in the config."""
    return base64.b64encode(f"{user}:{password}".encode()).decode()


@pytest.mark.parametrize("tokens", [False, True], ids=["basic", "tokens"])
def test_a_password_opens(
    store: Store, registry: FakeRegistry, tmp_path: Path, tokens: bool
) -> None:
    registry.users, registry.tokens = {"me": "secret:x"}, tokens
    log_in(tmp_path, registry, auth=pair("me", "secret:x"))
    pull(store, registry)
    push(store, f"{registry.address}/team/app:1", registry, "new:1")
    assert faults(store) == []


def test_the_scopes_that_are_asked_for(
    store: Store, registry: FakeRegistry, tmp_path: Path
) -> None:
    registry.users, registry.tokens = {"me": "secret"}, True
    log_in(tmp_path, registry, auth=pair("me", "secret"))
    pull(store, registry)
    push(store, f"{registry.address}/team/app:1", registry, "new:1")
    asked = [one.path for one in registry.asked if one.path.startswith("/token")]
    assert asked[0] == "/token?service=fake&scope=repository%3Ateam%2Fapp%3Apull"
    assert any("scope=repository%3Anew%3Apull%2Cpush" in path for path in asked)
    push(store, f"{registry.address}/team/app:1", registry, "newer:1")
    both = "scope=repository%3Anewer%3Apull%2Cpush&scope=repository%3Anew%3Apull"
    assert any(both in one.path for one in registry.asked)
    assert registry.count("POST .*mount=.*from=new") == 3


def test_anybody_gets_a_token_to_read(store: Store, registry: FakeRegistry) -> None:
    registry.tokens = registry.anonymous = True
    pull(store, registry)
    assert all("Basic" not in str(one.headers) for one in registry.asked)


def test_an_identity_token_is_taken_to_the_token_server(
    store: Store, registry: FakeRegistry, tmp_path: Path
) -> None:
    registry.tokens = True
    log_in(tmp_path, registry, identitytoken="an-identity-token")
    pull(store, registry)
    assert registry.count("POST /token") >= 1


def test_a_token_of_the_registry_is_used_as_it_is(
    store: Store, registry: FakeRegistry, tmp_path: Path
) -> None:
    registry.tokens = True
    log_in(tmp_path, registry, registrytoken="a-token")
    pull(store, registry)
    assert registry.count("/token") == 0


def test_a_token_that_the_registry_forgets_is_renewed(store: Store, registry: FakeRegistry) -> None:
    registry.tokens = registry.anonymous = True
    forgotten = [1]

    def forgets(handler: Handler) -> None:
        if forgotten and handler.headers.get("Authorization"):
            forgotten.pop()
            said = f'Bearer realm="http://{registry.address}/token"'
            handler.refuse(401, "UNAUTHORIZED", "expired", WWW_Authenticate=said)
        else:
            handler.honest()

    registry.trap("GET .*/blobs/", forgets)
    pull(store, registry)
    assert not forgotten


@pytest.mark.parametrize("tokens", [False, True], ids=["basic", "tokens"])
@pytest.mark.parametrize("known", [False, True], ids=["nobody", "wrong"])
def test_who_may_not_is_told_once(
    store: Store, registry: FakeRegistry, tmp_path: Path, tokens: bool, known: bool
) -> None:
    registry.users, registry.tokens = {"me": "secret"}, tokens
    if known:
        log_in(tmp_path, registry, auth=pair("me", "wrong"))
    with pytest.raises(AccessDenied) as caught:
        pull(store, registry)
    assert (
        caught.value.hint == f"docker login {registry.address}, or skopeo login {registry.address}"
    )
    assert len(registry.asked) <= 4
    assert "secret" not in str(caught.value)
    assert "wrong" not in str(caught.value)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("", "it asks for what only its own clients know"),
        ("Negotiate", "it asks for what only its own clients know"),
        ('Bearer realm="http://elsewhere.example/token"', "without TLS"),
        ('Bearer realm="gopher://x"', "neither http nor https"),
        ("Bearer service=x", "neither http nor https"),
    ],
)
def test_odd_challenges(store: Store, registry: FakeRegistry, said: str, why: str) -> None:
    registry.trap("GET", answer(401, b"{}", WWW_Authenticate=said))
    with pytest.raises(LayerscopeError, match=why):
        pull(store, registry)


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"token": 3}', b'{"token": "a\\nb"}'])
def test_token_servers_that_give_none(store: Store, registry: FakeRegistry, body: bytes) -> None:
    registry.tokens = True
    registry.trap("GET /token", answer(200, body))
    with pytest.raises(LayerscopeError, match="its token"):
        pull(store, registry)


def test_a_redirect_is_followed_without_the_password(
    store: Store, registry: FakeRegistry, tmp_path: Path
) -> None:
    registry.users = {"me": "secret"}
    log_in(tmp_path, registry, auth=pair("me", "secret"))
    with fake_registry() as other:
        other.blobs["x"] = registry.blobs["team/app"]
        to = f"http://{other.address}/v2/x/blobs/{BLOB}?signature=1"
        registry.trap(f"GET .*/blobs/{BLOB}", answer(307, Location=to))
        pull(store, registry)
    (asked,) = other.asked
    assert "Authorization" not in asked.headers
    assert other.sent[BLOB] == ZIPPED.blob.size
    assert faults(store) == []


def test_a_redirect_within_the_registry_keeps_it(
    store: Store, registry: FakeRegistry, tmp_path: Path
) -> None:
    registry.users = {"me": "secret"}
    log_in(tmp_path, registry, auth=pair("me", "secret"))
    registry.blobs["x"] = registry.blobs["team/app"]
    trap = answer(307, Location=f"/v2/x/blobs/{BLOB}")
    registry.trap(f"GET /v2/team/app/blobs/{BLOB}", trap)
    pull(store, registry)
    assert faults(store) == []


def trusted(registry: FakeRegistry, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have this machine trust the loopback's certificate for the registry."""
    mine = folder / "certs.d" / registry.address
    mine.mkdir(parents=True)
    write_pair(mine)
    (mine / "loopback.key").unlink()
    certs = (folder / "certs.d",)
    monkeypatch.setattr("layerscope.sources.registry.certificates.FOLDERS", certs)


def test_certificates_that_are_trusted(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with fake_registry(write_pair(tmp_path)) as registry:
        registry.add("team/app", "1", IMAGE)
        trusted(registry, tmp_path, monkeypatch)
        pull(store, registry)
        with fake_registry() as other:
            to = f"http://{other.address}/x"
            registry.trap(f"GET .*/blobs/{BLOB}", answer(307, Location=to))
            registry.trap("GET .*/manifests/2", answer(307, Location=to))
            with pytest.raises(BadAddress, match=r"it redirects to http://.*, away from https"):
                pull(store, registry, "team/app:2")
        assert other.asked == []


def test_certificates_that_are_not(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with fake_registry(write_pair(tmp_path)) as registry:
        (tmp_path / "certs.d" / registry.address).mkdir(parents=True)
        certs = (tmp_path / "certs.d",)
        monkeypatch.setattr("layerscope.sources.registry.certificates.FOLDERS", certs)
        with pytest.raises(NoRegistry, match="its certificate is not trusted: self") as caught:
            pull(store, registry)
        folder = f"/etc/docker/certs.d/{registry.address}"
        assert caught.value.hint == (
            f"pull or push --insecure, LAYERSCOPE_INSECURE={registry.address}, "
            f"or its CA in {folder}/ca.crt"
        )
        assert registry.asked == []


def test_a_registry_without_tls(
    store: Store, registry: FakeRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trusted(registry, tmp_path, monkeypatch)
    with pytest.raises(NoRegistry, match="it speaks no TLS"):
        pull(store, registry)


def test_a_variable_names_registries_that_are_insecure(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with fake_registry(write_pair(tmp_path)) as registry:
        registry.add("team/app", "1", IMAGE)
        with pytest.raises(NoRegistry):
            look(store, registry)
        monkeypatch.setenv("LAYERSCOPE_INSECURE", f"other.example, {registry.address}")
        assert look(store, registry).image.id.hex == IMAGE.config.sha256


@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
def test_insecure_takes_what_there_is(store: Store, tmp_path: Path, tls: bool) -> None:
    with fake_registry(write_pair(tmp_path) if tls else None) as registry:
        registry.add("team/app", "1", IMAGE)
        reference = Reference.parse(f"{registry.address}/team/app:1")
        found = open_registry(reference, store, Silent(), insecure=True)
        assert found.id.hex == IMAGE.config.sha256


def test_what_leads_to_this_machine_by_its_name(registry: FakeRegistry) -> None:
    wire = Wire(Patience(), lambda: None)
    url = Url.parse(f"http://{registry.address}/")
    with pytest.raises(BadAddress, match=r"it leads to 127.0.0.1, which is this machine"):
        wire.send("GET", url, {}, afar=True)
    assert registry.asked == []


def test_by_way_of_a_proxy(
    store: Store, registry: FakeRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"http://{registry.address}")
    reference = Reference.parse("registry.invalid/team/app:1")
    found = open_registry(reference, store, Silent(), insecure=True)
    assert found.id.hex == IMAGE.config.sha256
    assert registry.asked[-1].path.startswith("http://registry.invalid/v2/team/app/blobs/")
    monkeypatch.setenv("no_proxy", "registry.invalid")
    with pytest.raises(NoRegistry, match="there is no such host"):
        open_registry(reference, store, Silent(), insecure=True)
