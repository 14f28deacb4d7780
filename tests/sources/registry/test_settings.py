"""Registries that other tools' settings call insecure."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from layerscope.errors import LayerscopeError
from layerscope.sources.registry.settings import is_insecure

CONF = """
unqualified-search-registries = ["docker.io"]

[[registry]]
location = "lab.example:5000"
insecure = true

[[registry]]
prefix = "mixed.example"
insecure = true

[[registry]]
prefix = "mixed.example/safe"
location = "elsewhere.example"
insecure = false

[[registry]]
prefix = "*.lan.example"
insecure = true
"""


@pytest.mark.parametrize(
    ("domain", "path", "insecure"),
    [
        ("lab.example:5000", "a/b", True),
        ("lab.example", "a/b", False),
        ("lab.example:50000", "a/b", False),
        ("mixed.example", "team/app", True),
        ("mixed.example", "safe/app", False),
        ("mixed.example", "safer/app", True),
        ("a.lan.example", "x", True),
        ("a.lan.example:5000", "x", True),
        ("lan.example", "x", False),
        ("docker.io", "library/alpine", False),
    ],
)
def test_what_podman_s_file_says(tmp_path: Path, domain: str, path: str, insecure: bool) -> None:
    (tmp_path / "registries.conf").write_text(CONF)
    environment = {"CONTAINERS_REGISTRIES_CONF": str(tmp_path / "registries.conf")}
    assert is_insecure(domain, path, environment) is insecure


def test_where_podman_s_file_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("layerscope.sources.registry.settings.SYSTEM", tmp_path / "system.conf")
    environment = {"HOME": str(tmp_path)}
    assert not is_insecure("lab.example:5000", "x", environment)
    added = tmp_path / "system.conf.d/more.conf"
    added.parent.mkdir()
    added.write_text(CONF)
    assert is_insecure("lab.example:5000", "x", environment)
    own = tmp_path / ".config/containers/registries.conf"
    own.parent.mkdir(parents=True)
    own.write_text("")
    assert not is_insecure("lab.example:5000", "x", environment)


def test_what_docker_s_file_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("layerscope.sources.registry.settings.DAEMON", tmp_path / "daemon.json")
    environment = {"CONTAINERS_REGISTRIES_CONF": str(tmp_path / "nothing")}
    (tmp_path / "daemon.json").write_text(json.dumps({"insecure-registries": ["lab.example:5000"]}))
    assert is_insecure("lab.example:5000", "x", environment)
    assert not is_insecure("lab.example", "x", environment)


@pytest.mark.parametrize(
    ("domain", "expected"),
    [
        ("10.1.2.3:5000", True),
        ("10.1.2.3", True),
        ("[fd00::7]:5000", True),
        ("11.1.2.3:5000", False),
        ("lab.example:5000", False),
    ],
)
def test_docker_s_file_may_name_networks(
    domain: str, expected: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("layerscope.sources.registry.settings.DAEMON", tmp_path / "daemon.json")
    environment = {"CONTAINERS_REGISTRIES_CONF": str(tmp_path / "nothing")}
    named = {"insecure-registries": ["10.0.0.0/8", "fd00::/8"]}
    (tmp_path / "daemon.json").write_text(json.dumps(named))
    assert is_insecure(domain, "x", environment) is expected


@pytest.mark.parametrize("text", ["[[", "\xff"])
def test_files_that_are_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "registries.conf").write_text(text, encoding="latin-1")
    environment = {"CONTAINERS_REGISTRIES_CONF": str(tmp_path / "registries.conf")}
    with pytest.raises(LayerscopeError, match="it is no TOML file"):
        is_insecure("lab.example", "x", environment)


@pytest.mark.parametrize("text", ["registry = 3", '[[registry]]\ninsecure = "x"'])
def test_files_that_say_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "registries.conf").write_text(text)
    environment = {"CONTAINERS_REGISTRIES_CONF": str(tmp_path / "registries.conf")}
    assert not is_insecure("lab.example", "x", environment)
