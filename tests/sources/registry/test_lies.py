"""Registries that lie, are slow, or are none: one error each, and nothing is left."""

from __future__ import annotations

import json
from contextlib import suppress
from random import Random
from typing import Any

import pytest

from layerscope.errors import LayerscopeError
from layerscope.oci import media
from layerscope.sources.registry.patience import Patience
from layerscope.sources.registry.wire import NoRegistry
from layerscope.sources.target import open_target
from layerscope.store.store import Store
from tests.support.fake_registry import (
    FakeRegistry,
    Handler,
    Trap,
    answer,
    content,
    cut,
    fake_registry,
)
from tests.support.registries import BLOB, IMAGE, ZIPPED, pull
from tests.support.stores import faults


def endless(handler: Handler) -> None:
    """Never stops, and never says how much there will be."""
    handler.head(200, None)
    handler.close_connection = True
    try:
        while True:
            handler.wfile.write(b"0" * 65536)
    except OSError:
        pass


def dripping(handler: Handler) -> None:
    """Sends a byte now and then."""
    import time

    handler.head(200, 100_000)
    handler.close_connection = True
    try:
        for _ in range(2000):
            handler.wfile.write(b"0")
            time.sleep(0.02)
    except OSError:
        pass


def silent(handler: Handler) -> None:
    """Says nothing, until the other side hangs up."""
    handler.close_connection = True
    handler.connection.recv(1)


BLOBS = f"GET .*/blobs/{BLOB}"
MANIFEST = "GET .*/manifests/1"
LIES = [
    (MANIFEST, answer(404, b"{}"), "the registry has no such thing"),
    (MANIFEST, answer(500, b"oops"), "the registry answers 500 Internal Server Error"),
    (MANIFEST, answer(403, b"{}"), "the registry denies it"),
    (
        MANIFEST,
        answer(400, b"Client sent an HTTP request to an HTTPS server.\n"),
        "the registry speaks TLS, and is asked without",
    ),
    (MANIFEST, answer(200, b"{garbage"), "it is no JSON"),
    (MANIFEST, answer(200, b""), "it is empty"),
    (MANIFEST, answer(200, b"[]"), "it is no JSON object"),
    (MANIFEST, answer(200, b'{"schemaVersion": 1}'), "its schema version is 1"),
    (
        MANIFEST,
        answer(
            200, b"{}", Content_Type="application/vnd.docker.distribution.manifest.v1+prettyjws"
        ),
        "Docker's old schema 1",
    ),
    (
        MANIFEST,
        answer(200, content(IMAGE.manifest), Docker_Content_Digest="sha256:" + "0" * 64),
        "its bytes have the digest",
    ),
    (MANIFEST, answer(200, b"{}", Docker_Content_Digest="x\x1b[31m"), "it tells a digest that is"),
    (MANIFEST, answer(200, b" " * (5 << 20)), "its answer is longer than 4194304 bytes"),
    (MANIFEST, endless, "its answer is longer than 4194304 bytes"),
    (MANIFEST, cut(100), "it breaks off"),
    (MANIFEST, dripping, "it sends nothing, or too little, for 0.5 seconds"),
    (MANIFEST, silent, "it sends nothing, or too little, for 0.5 seconds"),
    (MANIFEST, answer(307, Location="/v2/team/app/manifests/1"), "it redirects more than 5 times"),
    (MANIFEST, answer(307, Location="ftp://example/x"), "it is neither http nor https"),
    (MANIFEST, answer(307, Location="http://[bad/x"), "it is no address"),
    (MANIFEST, answer(429, b"{}", Retry_After="3600"), "the registry answers 429 Too Many"),
    (BLOBS, answer(404, b"{}"), "the registry has no such thing"),
    (BLOBS, answer(500, b"{}"), "the registry answers 500"),
    (BLOBS, answer(200, b"x" * ZIPPED.blob.size), r"its \w+ is sha256|no tar|header"),
    (BLOBS, answer(200, content(ZIPPED.blob) + b"more"), "announces"),
    (BLOBS, answer(200, content(ZIPPED.blob)[:-5]), "announces"),
    (BLOBS, answer(206, content(ZIPPED.blob), Content_Range="bytes 5-9/1"), "another part of it"),
    (BLOBS, endless, "no tar|header|more than"),
    (BLOBS, cut(1000), "it breaks off, after"),
    (BLOBS, dripping, "announces 100000 bytes"),
    (BLOBS, silent, "it sends nothing, or too little"),
]


@pytest.mark.parametrize(("pattern", "trap", "why"), LIES, ids=range(len(LIES)))
def test_a_lying_registry_gives_one_error(
    store: Store,
    registry: FakeRegistry,
    monkeypatch: pytest.MonkeyPatch,
    pattern: str,
    trap: Trap,
    why: str,
) -> None:
    registry.trap(pattern, trap)
    with monkeypatch.context() as patch:
        if trap in (dripping, silent):
            hurried = Patience(silence=0.5, tries=3, pause=0.01)
            patch.setattr("layerscope.sources.registry.client.Patience", lambda: hurried)
        with pytest.raises(LayerscopeError, match=why) as caught:
            pull(store, registry)
    assert caught.value.exit_code == 1
    assert "\n" not in str(caught.value)
    assert store.images() == []
    assert faults(store) == []
    registry.traps.clear()
    pull(store, registry)
    assert faults(store) == []


def test_a_wrong_config_is_seen(store: Store, registry: FakeRegistry) -> None:
    size = IMAGE.config.size
    registry.trap(f"GET .*{IMAGE.config.sha256}", answer(200, b" " * size))
    with pytest.raises(LayerscopeError, match="its bytes have the digest"):
        pull(store, registry)


def test_a_manifest_by_a_digest_that_it_hasn_t(store: Store, registry: FakeRegistry) -> None:
    wrong = "sha256:" + "1" * 64
    registry.manifests["team/app", wrong] = registry.manifests["team/app", "1"]
    with pytest.raises(LayerscopeError, match="its bytes have the digest"):
        pull(store, registry, f"team/app@{wrong}")


def test_an_artifact_is_no_image(store: Store, registry: FakeRegistry) -> None:
    manifest = json.loads(content(IMAGE.manifest))
    manifest["config"]["mediaType"] = "application/vnd.cncf.helm.config.v1+json"
    registry.add_manifest("chart", "1", json.dumps(manifest).encode(), media.OCI_MANIFEST)
    with pytest.raises(LayerscopeError, match="it is no image but a"):
        pull(store, registry, "chart:1")


def test_nobody_answers(store: Store) -> None:
    with fake_registry() as gone:
        pass
    with pytest.raises(NoRegistry, match="nothing answers there"):
        pull(store, gone)


def test_no_such_host(store: Store) -> None:
    with pytest.raises(NoRegistry, match="no such host"):
        open_target("docker://nobody.invalid/app:1", store)


def test_what_answers_is_no_registry(store: Store, registry: FakeRegistry) -> None:
    def trap(handler: Handler) -> None:
        handler.wfile.write(b"SSH-2.0-OpenSSH\r\n")
        handler.close_connection = True

    registry.trap("GET", trap)
    with pytest.raises(NoRegistry, match="what answers is no registry"):
        pull(store, registry)


def test_one_that_wants_a_long_pause_is_not_asked_again(
    store: Store, registry: FakeRegistry
) -> None:
    registry.trap(MANIFEST, answer(503, b"{}", Retry_After="3600"))
    with pytest.raises(LayerscopeError, match="503"):
        pull(store, registry)
    assert registry.count(MANIFEST) == 1


_ODD = (b"", b"\0", b"\n", b"9", b"-", b'"', b"\xff")


class _Garbled:
    """Passes on what is written with some of its bytes changed."""

    def __init__(self, whole: Any, random: Random) -> None:
        self._whole, self._random = whole, random

    def write(self, data: bytes) -> int:
        changed = bytearray(data)
        for _ in range(self._random.choice((0, 1, 1, 3))):
            at = self._random.randrange(len(changed)) if changed else 0
            changed[at : at + 1] = self._random.choice(
                (b"", b"\0", b"\n", b"9", b"-", b'"', b"\xff")
            )
        self._whole.write(changed)
        return len(data)

    def flush(self) -> None:
        self._whole.flush()


@pytest.mark.parametrize("seed", range(60))
def test_garbled_answers(store: Store, registry: FakeRegistry, seed: int) -> None:
    random = Random(seed)

    def trap(handler: Handler) -> None:
        whole = handler.wfile
        handler.wfile = _Garbled(whole, random)  # type: ignore[assignment]
        handler.close_connection = True
        handler.honest()
        handler.wfile = whole

    registry.trap(random.choice(("GET", "manifests", "blobs", BLOBS)), trap)
    with suppress(LayerscopeError):
        assert pull(store, registry).image.id.hex == IMAGE.config.sha256
    assert faults(store) == []
