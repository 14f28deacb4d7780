"""Where volumes and the host's files are mounted: inside a container's root, and nowhere else."""

from __future__ import annotations

import json
import os
import socket
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from layerscope.containers.runtime.inside import opened
from tests.support.command import run
from tests.support.program import Layerscope

IMAGE = "acme/my-base-image:1.0"


@pytest.fixture
def linked(layerscope: Layerscope, tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Makes an image of the base with symlinks (name, target) more."""
    images: list[str] = []

    def make(*links: tuple[str, str]) -> str:
        images.append(f"linked:{len(images)}")
        ops = tmp_path / "ops"
        ops.write_text(
            json.dumps([{"op": "symlink", "path": name, "target": to} for name, to in links])
        )
        layerscope("create", "--name", "makes", IMAGE)
        layerscope("apply", "makes", str(ops))
        ops.unlink()
        layerscope("commit", "makes", images[-1])
        layerscope("rm", "makes")
        return images[-1]

    yield make
    for image in images:
        layerscope("rmi", image)


def data(layerscope: Layerscope, volume: str) -> Path:
    return layerscope.store / "volumes" / volume / "_data"


def changed(layerscope: Layerscope, name: str) -> list[str]:
    return [row["path"] for row in layerscope.json("diff", name)]


def test_a_volume_in_a_volume(layerscope: Layerscope) -> None:
    """Its mount point is made in the other one, as Docker makes it."""
    volumes = ("-v", "inner:/x/y/z", "-v", "outer:/x")
    script = "echo 1 > /x/y/z/file; echo 2 > /x/y/other"
    layerscope("run", "--name", "nested", *volumes, IMAGE, "sh", "-c", script)
    assert os.listdir(data(layerscope, "inner")) == ["file"]
    assert sorted(os.listdir(data(layerscope, "outer") / "y")) == ["other", "z"]
    assert os.listdir(data(layerscope, "outer") / "y" / "z") == []
    assert changed(layerscope, "nested") == ["/x"]
    layerscope("rm", "-v", "nested")


def test_a_volume_behind_a_symlink(
    layerscope: Layerscope, linked: Callable[..., str], tmp_path: Path
) -> None:
    """Whatever it says, it leads to a place inside the container."""
    image = linked(
        ("/var/run", "../run"), ("/up", f"../../..{tmp_path}/a"), ("/far", f"{tmp_path}/b")
    )
    volumes = [f"-v=v{number}:{path}" for number, path in enumerate(("/var/run/a", "/up", "/far"))]
    script = "for path in /run/a /up /far; do echo 1 > $path/file; done"
    layerscope("run", "--name", "led", *volumes, image, "sh", "-c", script)
    for number in range(3):
        assert os.listdir(data(layerscope, f"v{number}")) == ["file"]
    assert os.listdir(tmp_path) == []
    assert {"/run/a", f"{tmp_path}/a", f"{tmp_path}/b"} <= set(changed(layerscope, "led"))
    layerscope("rm", "-v", "led")


def test_symlinks_that_go_round(layerscope: Layerscope, linked: Callable[..., str]) -> None:
    image = linked(("/round", "/round"))
    ran = run("run", "--rm", "-v", "v:/round/a", image, "true", root=layerscope.store)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == "layerscope: /round/a: its symlinks go round\n"


def test_a_volume_among_devices(layerscope: Layerscope) -> None:
    words = ("run", "--name", "device", "-v", "devices:/dev/foo", IMAGE)
    layerscope(*words, "sh", "-c", "echo 1 > /dev/foo/file")
    assert os.listdir(data(layerscope, "devices")) == ["file"]
    assert changed(layerscope, "device") == []
    layerscope("rm", "-v", "device")


@pytest.mark.parametrize("target", ["/proc", "/proc/self/fd", "/proc/version"])
def test_nothing_passes_for_the_kernel_s_proc(layerscope: Layerscope, target: str) -> None:
    ran = run("run", "--rm", "-v", f"fake:{target}", IMAGE, "true", root=layerscope.store)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == f"layerscope: {target}: nothing can be mounted there: it is in /proc\n"


def test_an_image_with_a_resolver_of_the_kernel_s(
    layerscope: Layerscope, linked: Callable[..., str]
) -> None:
    """It goes without the container's own, as one without /etc."""
    image = linked(("/etc/resolv.conf", "/proc/version"))
    said = layerscope("run", "--rm", image, "cat", "/etc/resolv.conf")
    assert said.startswith("Linux version ")


def test_what_cannot_be_mounted_is_said(layerscope: Layerscope) -> None:
    words = ("--rm", "-v", "file:/tmp/a", "-v", "/etc/passwd:/tmp/a/b/c:ro", "-v", "x:/tmp/a/b/c/d")
    ran = run("run", *words, IMAGE, "true", root=layerscope.store)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == "layerscope: /tmp/a/b/c/d: nothing can be mounted there: Not a directory\n"


def test_neither_file_nor_folder(layerscope: Layerscope, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
    places = {"/dev/null": "-c", tmp_path / "fifo": "-p", tmp_path / "socket": "-S"}
    for number, (source, kind) in enumerate(places.items()):
        target = f"/tmp/odd{number}"
        words = ("--rm", "-v", f"{source}:{target}", IMAGE, "test", kind, target)
        assert run("run", *words, root=layerscope.store).returncode == 0, source


@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user can make no device")
def test_a_device_that_is_made_cannot_be_opened(layerscope: Layerscope, tmp_path: Path) -> None:
    """Not on a volume, nor anywhere else: it could be a disk of the host."""
    script = "mknod $0/made c 1 5 && head -c 1 $0/made"
    for place in ("/tmp", "/vol", "/host", "/dev", "/dev/shm"):
        words = ("--rm", "-v", "devs:/vol", "-v", f"{tmp_path}:/host", IMAGE, "sh", "-c", script)
        ran = run("run", *words, place, root=layerscope.store)
        assert (ran.returncode, ran.stdout) == (1, "")
        assert f"{place}/made: Permission denied" in ran.stderr
    shared = ("-v", "/dev:/host", IMAGE, "head", "-c", "1", "/host/zero")
    assert layerscope("run", "--rm", *shared) == "\0"


def test_what_a_user_mounts_wins(layerscope: Layerscope, tmp_path: Path) -> None:
    (tmp_path / "hosts").write_text("mine\n")
    words = ("-v", f"{tmp_path / 'hosts'}:/etc/hosts:ro", IMAGE, "cat", "/etc/hosts")
    assert layerscope("run", "--rm", *words) == "mine\n"


def test_a_container_is_not_seen_through_the_host_s_root(layerscope: Layerscope) -> None:
    script = f"ls -d /host{layerscope.store}/containers/*/merged/*"
    ran = run("run", "--rm", "-v", "/:/host", IMAGE, "sh", "-c", script, root=layerscope.store)
    assert (ran.returncode, ran.stdout) == (1, "")


def test_a_bind_needs_its_source_a_volume_makes_it(layerscope: Layerscope, tmp_path: Path) -> None:
    source = tmp_path / "missing"
    words = (f"type=bind,source={source},target=/mnt", IMAGE, "true")
    ran = run("run", "--rm", "--mount", *words, root=layerscope.store)
    assert ran.returncode == 1
    assert ran.stderr.startswith(f"layerscope: --mount 'type=bind,source={source},target=/mnt': ")
    assert "its source is not there" in ran.stderr
    assert not source.exists()
    layerscope("run", "--rm", "-v", f"{source}:/mnt", IMAGE, "true")
    assert source.is_dir()


def test_a_path_looked_up_inside(tmp_path: Path) -> None:
    """No name and no symlink leads out of the root, and nothing is made without being asked."""
    root, outside = tmp_path / "root", tmp_path / "outside"
    (root / "etc").mkdir(parents=True)
    outside.mkdir()
    (root / "etc" / "up").symlink_to("../../../outside")
    (root / "away").symlink_to(outside)
    (root / "round").symlink_to("round")
    fd = os.open(root, os.O_PATH)
    try:
        for path in (b"/etc/up/a", b"/away/b", b"/../outside/c", b"/etc/../../outside/d"):
            with pytest.raises(FileNotFoundError), opened(fd, path):
                pass
            with opened(fd, path, stat.S_IFREG) as found:
                assert stat.S_ISREG(os.fstat(found).st_mode)
        with pytest.raises(OSError, match="Too many levels"), opened(fd, b"/round"):
            pass
        with opened(fd, b"/../..") as found:
            assert os.path.samestat(os.fstat(found), root.stat())
    finally:
        os.close(fd)
    assert os.listdir(outside) == []
