"""Logins of other tools: their files and helpers."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path

import pytest

from layerscope.errors import LayerscopeError
from layerscope.sources.registry.credentials import BadCredentials, Credentials, find_credentials


def auth(user: str, password: str = "secret") -> dict[str, str]:
    """An entry of ``auths``."""
    return {"auth": base64.b64encode(f"{user}:{password}".encode()).decode()}


def write(path: Path, document: object) -> Path:
    """A file of credentials."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document))
    return path


def find(
    environment: dict[str, str], name: str = "registry.example/team/app"
) -> Credentials | None:
    """Who somebody is for a repository."""
    domain, _, path = name.partition("/")
    return find_credentials(domain, path, environment)


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    """An environment with nothing in it."""
    return {"HOME": str(tmp_path / "home"), "PATH": str(tmp_path / "bin")}


def test_nobody(home: dict[str, str]) -> None:
    assert find(home) is None


@pytest.mark.parametrize(
    ("variable", "place"),
    [
        ("REGISTRY_AUTH_FILE", ""),
        ("XDG_RUNTIME_DIR", "containers/auth.json"),
        ("XDG_CONFIG_HOME", "containers/auth.json"),
        ("DOCKER_CONFIG", "config.json"),
        ("HOME", ".config/containers/auth.json"),
        ("HOME", ".docker/config.json"),
    ],
)
def test_places(home: dict[str, str], tmp_path: Path, variable: str, place: str) -> None:
    folder = tmp_path / "somewhere"
    write(folder / place if place else folder, {"auths": {"registry.example": auth("me")}})
    assert find({**home, variable: str(folder)}) == Credentials("me", "secret")


def test_podman_s_file_goes_before_docker_s(home: dict[str, str]) -> None:
    folder = Path(home["HOME"])
    write(folder / ".docker/config.json", {"auths": {"registry.example": auth("docker")}})
    write(folder / ".config/containers/auth.json", {"auths": {"other.example": auth("x")}})
    assert find(home) == Credentials("docker", "secret")
    write(folder / ".config/containers/auth.json", {"auths": {"registry.example": auth("podman")}})
    assert find(home) == Credentials("podman", "secret")


def test_the_longest_key_counts(home: dict[str, str]) -> None:
    auths = {
        "registry.example": auth("host"),
        "registry.example/team": auth("team"),
        "registry.example/team/app": auth("app"),
        "registry.example/team/ap": auth("wrong"),
    }
    write(Path(home["HOME"]) / ".docker/config.json", {"auths": auths})
    for name, user in (
        ("registry.example/team/app", "app"),
        ("registry.example/team/other", "team"),
        ("registry.example/elsewhere/app", "host"),
    ):
        assert find(home, name) == Credentials(user, "secret")
    assert find(home, "registry.example:5000/team/app") is None


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("https://index.docker.io/v1/", "docker.io/library/alpine"),
        ("docker.io", "docker.io/library/alpine"),
        ("index.docker.io", "docker.io/library/alpine"),
        ("https://registry.example/v2/", "registry.example/x"),
        ("http://registry.example:5000", "registry.example:5000/x"),
        ("registry.example/", "registry.example/x"),
        ("https://[::1]:5000/v2/", "[::1]:5000/x"),
    ],
)
def test_forms_of_keys(home: dict[str, str], key: str, name: str) -> None:
    write(Path(home["HOME"]) / ".docker/config.json", {"auths": {key: auth("me")}})
    assert find(home, name) == Credentials("me", "secret")


@pytest.mark.parametrize(
    ("entry", "found"),
    [
        ({"username": "me", "password": "x"}, Credentials("me", "x")),
        ({"identitytoken": "t"}, Credentials(identity_token="t")),
        ({"registrytoken": "t"}, Credentials(registry_token="t")),
        ({**auth("", ""), "identitytoken": "t"}, Credentials(identity_token="t")),
        (auth("me", "a:b:c"), Credentials("me", "a:b:c")),
        (auth("me", "x\0\0"), Credentials("me", "x")),
        ({}, None),
    ],
)
def test_forms_of_entries(
    home: dict[str, str], entry: dict[str, str], found: Credentials | None
) -> None:
    write(Path(home["HOME"]) / ".docker/config.json", {"auths": {"registry.example": entry}})
    assert find(home) == found


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"auths": 3}',
        '{"auths": {"registry.example": 3}}',
        '{"auths": {"registry.example": {"auth": "%%%"}}}',
        '{"credHelpers": []}',
        '{"credsStore": "../x"}',
    ],
)
def test_files_that_are_none(home: dict[str, str], tmp_path: Path, text: str) -> None:
    (tmp_path / "auth.json").write_text(text)
    with pytest.raises(LayerscopeError) as caught:
        find({**home, "REGISTRY_AUTH_FILE": str(tmp_path / "auth.json")})
    assert "\n" not in str(caught.value)


def test_an_empty_file_says_nothing(home: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "auth.json").write_text("\n")
    assert find({**home, "REGISTRY_AUTH_FILE": str(tmp_path / "auth.json")}) is None


def install_helper(environment: dict[str, str], script: str) -> None:
    """``docker-credential-fake``."""
    path = Path(environment["PATH"]) / "docker-credential-fake"
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    environment["PATH"] += f":{os.environ['PATH']}"


@pytest.mark.parametrize("key", ["credsStore", "credHelpers"])
@pytest.mark.parametrize(
    ("name", "server"),
    [
        ("registry.example/x", "registry.example"),
        ("docker.io/library/alpine", "https://index.docker.io/v1/"),
    ],
)
def test_helpers(home: dict[str, str], key: str, name: str, server: str) -> None:
    domain = name.partition("/")[0]
    document = {key: "fake" if key == "credsStore" else {domain: "fake"}}
    write(Path(home["HOME"]) / ".docker/config.json", document)
    install_helper(home, 'read server; echo "{\\"Username\\":\\"$1\\",\\"Secret\\":\\"$server\\"}"')
    assert find(home, name) == Credentials("get", server)


def test_a_helper_s_identity_token(home: dict[str, str]) -> None:
    write(Path(home["HOME"]) / ".docker/config.json", {"credsStore": "fake"})
    install_helper(home, """echo '{"Username": "<token>", "Secret": "t"}'""")
    assert find(home) == Credentials(identity_token="t")


def test_a_helper_that_knows_nobody(home: dict[str, str]) -> None:
    document = {"credsStore": "fake", "auths": {"registry.example": auth("file")}}
    write(Path(home["HOME"]) / ".docker/config.json", document)
    install_helper(home, "echo credentials not found in native keychain; exit 1")
    assert find(home) == Credentials("file", "secret")


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("echo it is locked >&2; exit 3", "it is locked"),
        ("exit 3", "it ends with the code 3"),
        ("echo no JSON", "it is no JSON"),
        ("", "it is empty"),
    ],
)
def test_helpers_that_fail(home: dict[str, str], script: str, why: str) -> None:
    write(Path(home["HOME"]) / ".docker/config.json", {"credsStore": "fake"})
    install_helper(home, script)
    with pytest.raises(LayerscopeError, match=why):
        find(home)


@pytest.mark.parametrize("helper", ["../x", "a\0b"])
def test_what_is_no_name_of_a_helper(home: dict[str, str], helper: str) -> None:
    write(Path(home["HOME"]) / ".docker/config.json", {"credsStore": helper})
    with pytest.raises(BadCredentials, match="no name of a credential helper"):
        find(home)


def test_a_key_that_is_no_address_is_nobody_s(home: dict[str, str]) -> None:
    write(Path(home["HOME"]) / ".docker/config.json", {"auths": {"https://[": auth("me")}})
    assert find(home, "registry.example/x") is None


def test_a_helper_that_is_not_there(home: dict[str, str]) -> None:
    write(Path(home["HOME"]) / ".docker/config.json", {"credsStore": "fake"})
    with pytest.raises(BadCredentials, match="this credential helper is not installed"):
        find(home)
