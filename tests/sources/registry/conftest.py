"""A registry with one image; nobody has logged in anywhere, and nobody waits long."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from layerscope.sources.registry.patience import Patience
from tests.support.fake_registry import FakeRegistry, fake_registry
from tests.support.registries import IMAGE

HASTY = Patience(connect=5, silence=20, slowest=1000, commit=5, tries=3, pause=0.01, longest=2.0)


@pytest.fixture(autouse=True)
def nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No login is found, no proxy, no certificate; waiting ends soon."""
    for name in ("DOCKER_CONFIG", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    for name in (
        "REGISTRY_AUTH_FILE",
        "LAYERSCOPE_INSECURE",
        "http_proxy",
        "https_proxy",
        "HTTP_PROXY",
        "HTTPS_PROXY",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("layerscope.sources.registry.certificates.FOLDERS", ())
    monkeypatch.setenv("CONTAINERS_REGISTRIES_CONF", str(tmp_path / "registries.conf"))
    monkeypatch.setattr("layerscope.sources.registry.settings.DAEMON", tmp_path / "daemon.json")
    monkeypatch.setattr("layerscope.sources.registry.client.Patience", lambda: HASTY)


@pytest.fixture
def registry() -> Iterator[FakeRegistry]:
    """A registry with one image."""
    with fake_registry() as registry:
        registry.add("team/app", "1", IMAGE)
        yield registry
