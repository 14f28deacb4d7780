"""Other container tools, started privately: nothing that they keep outlives the tests."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

_REQUIRED = "LAYERSCOPE_REQUIRE_PEERS"
_NEWER = "LAYERSCOPE_NEWER_DOCKER"
_STARTS_WITHIN = 30.0


def need(*programs: str, root: bool = False) -> None:
    """Skip the test, with the reason, where a program or root's rights are missing.

    With LAYERSCOPE_REQUIRE_PEERS=1 (as in CI) it fails instead.
    """
    missing = [program for program in programs if shutil.which(program) is None]
    if missing:
        unavailable(f"{', '.join(missing)} not installed")
    if root and os.geteuid() != 0:
        unavailable("needs to be root")


def unavailable(reason: str) -> None:
    """Skip, or fail where all peers are required."""
    if os.environ.get(_REQUIRED) == "1":
        pytest.fail(f"{reason}, and {_REQUIRED}=1")
    pytest.skip(reason)


@dataclass(frozen=True)
class Tool:
    """A program with the options and environment that come before every call's words."""

    words: tuple[str, ...]
    environment: Mapping[str, str]

    def __call__(self, *words: str, cwd: Path | None = None) -> str:
        """What the program prints; CalledProcessError if it fails (pytest shows its stderr)."""
        ran = subprocess.run(
            [*self.words, *words],
            env={**os.environ, **self.environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            cwd=cwd,
        )
        if ran.returncode != 0:
            sys.stderr.write(ran.stderr.decode(errors="replace"))
            raise subprocess.CalledProcessError(ran.returncode, [*self.words, *words])
        return ran.stdout.decode(errors="surrogateescape")


def tool(*words: str, **environment: str) -> Tool:
    """A tool that needs nothing running."""
    return Tool(words, environment)


@dataclass(frozen=True)
class Docker:
    """A daemon of its own, and the client that talks to it."""

    client: Tool
    socket: str

    def __call__(self, *words: str) -> str:
        """What `docker WORDS` prints."""
        return self.client(*words)


@contextlib.contextmanager
def docker_daemon(folder: Path, *options: str, programs: str = "") -> Iterator[Docker]:
    """A dockerd with its data in ``folder`` and no network; it ends with the block. It and what it
    starts are looked for in the folder ``programs`` first."""
    address = f"unix://{folder}/docker.sock"
    words = ["dockerd", "--iptables=false", "--ip6tables=false", "--bridge=none"]
    words += ["--data-root", f"{folder}/data", "--exec-root", f"{folder}/exec"]
    words += ["-H", address, "-p", f"{folder}/docker.pid", *options]
    client = tool("docker", "-H", address, DOCKER_BUILDKIT="0", DOCKER_CONFIG=str(folder))
    path = f"{programs}:{os.environ['PATH']}".lstrip(":")
    with _running(words, folder / "dockerd.log", path) as daemon:
        if not _answers(daemon, lambda: client("version")):
            unavailable(f"dockerd does not start: {_last_line(folder / 'dockerd.log')}")
        yield Docker(client, address)


@contextlib.contextmanager
def docker_on_containerd(folder: Path) -> Iterator[Docker]:
    """A dockerd that keeps its images in containerd, as one of version 24 or later can: that of the
    folder which LAYERSCOPE_NEWER_DOCKER names, or else the usual one."""
    settings = folder / "daemon.json"
    settings.write_text('{"features": {"containerd-snapshotter": true}}')
    newer = os.environ.get(_NEWER, "")
    with docker_daemon(folder, "--config-file", str(settings), programs=newer) as docker:
        if "io.containerd.snapshotter" not in docker("info", "--format", "{{json .DriverStatus}}"):
            unavailable(f"this dockerd has no image store of containerd, and no {_NEWER} is named")
        yield docker


# A name and its password, and the line that docker-registry knows them by (bcrypt).
REGISTRY_USER = ("somebody", "a-password")
_HTPASSWD = "somebody:$2b$04$ps73wxJWdG0XBeqFovaeIuZIWkI9L8nV1D5p/LYGi.Cl/VZV9K7N.\n"


@contextlib.contextmanager
def registry(folder: Path, *, password: bool = False) -> Iterator[str]:
    """A registry on the loopback with its data in ``folder``; its `host:port`.

    With ``password`` it lets in REGISTRY_USER alone.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    address = f"127.0.0.1:{port}"
    config = folder / "registry.yml"
    config.write_text(
        f"version: 0.1\nlog: {{level: warn}}\nhttp: {{addr: {address}}}\n"
        f"storage: {{filesystem: {{rootdirectory: {folder}/registry}}}}\n"
        + (f"auth: {{htpasswd: {{realm: tests, path: {folder}/htpasswd}}}}\n" if password else "")
    )
    (folder / "htpasswd").write_text(_HTPASSWD)

    def connects() -> None:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()

    log = folder / "registry.log"
    with _running(["docker-registry", "serve", str(config)], log) as server:
        if not _answers(server, connects):
            unavailable(f"docker-registry does not start: {_last_line(log)}")
        yield address


def private_storage(program: str, folder: Path, driver: str) -> Tool:
    """podman or buildah with images and state of its own in ``folder``."""
    words = (program, "--root", f"{folder}/root", "--runroot", f"{folder}/run")
    return Tool((*words, "--storage-driver", driver), {})


@contextlib.contextmanager
def _running(
    words: list[str], log: Path, path: str | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    environment = os.environ | ({"PATH": path} if path else {})
    with log.open("wb") as out:
        process = subprocess.Popen(
            [shutil.which(words[0], path=path) or words[0], *words[1:]],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            env=environment,
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answers(process: subprocess.Popen[bytes], ask: Callable[[], object]) -> bool:
    until = time.monotonic() + _STARTS_WITHIN
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError, subprocess.CalledProcessError):
            ask()
            return True
        time.sleep(0.05)
    return False


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()
    return lines[-1] if lines else "it says nothing"
