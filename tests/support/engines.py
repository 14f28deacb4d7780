"""What Docker and Podman say of their containers, in the words of layerscope's rows."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from layerscope.containers.foreign.container import ForeignContainer
from layerscope.usecases.foreign import foreign_changes, foreign_containers
from tests.support.peers import Docker

# Every kind of change, over the image of `busybox_context`.
WRITES = (
    "echo new > /new; rm /data/gone; chmod 600 /data/mode; echo more >> /data/grown;"
    "cp -p /data/same /data/.same; touch -r /data/same /data/.same;"
    "rm -r /data/tree; mkdir /data/tree; echo again > /data/tree/again; mv /data/moved /moved;"
    "chmod 644 /data/kept; ln -s /nowhere /link; mkfifo /fifo; ln /new /hard; mkdir -p /a/b/c;"
    "dd if=/dev/zero of=/sparse bs=1 count=1 seek=100000 2>&-; rm /data/.same"
)
# Small files that come and go, and one that grows, without an end.
WRITER = (
    "i=0; while :; do i=$((i+1)); echo $i > /f-$i; rm -f /f-$((i-50)); echo $i >> /data/grown;"
    " sleep 0.02; done"
)
_DATA = ("gone", "mode", "grown", "same", "moved", "kept", "tree/one", "tree/two")


def busybox_context(folder: Path) -> None:
    """A Dockerfile of three layers with files to change: ``/bin/sh`` and ``/data``."""
    folder.mkdir(exist_ok=True)
    shutil.copy2(shutil.which("busybox") or "", folder / "busybox")
    for name in _DATA:
        path = folder / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{name}\n" * 100)
        path.chmod(0o644)
    lines = [
        "FROM scratch",
        "COPY busybox /bin/busybox",
        'RUN ["/bin/busybox", "sh", "-c", "/bin/busybox --install -s /bin"]',
        "COPY data /data",
        'LABEL made="for a test"',
        'CMD ["sh"]',
    ]
    (folder / "Dockerfile").write_text("\n".join(lines) + "\n")


def find(name: str) -> ForeignContainer:
    """The container of that name."""
    told: list[Exception] = []
    for one in foreign_containers(told.append):
        if one.name == name:
            return one
    raise AssertionError(f"there is no container {name}: {told}")


def changed(container: ForeignContainer) -> list[str]:
    """Its changes as lines of `docker diff`, sorted."""
    found = foreign_changes(container).list.changes
    return sorted(f"{one.kind.value} {one.path.decode()}" for one in found)


@contextmanager
def started(docker: Docker, image: str) -> Iterator[Callable[..., str]]:
    """Starts containers of an image, each by its name, a script and options, and says its ID; they
    are removed after the block."""
    names: list[str] = []

    def start(name: str, script: str, *options: str) -> str:
        words = ("run", "-d", "--network", "none", "--name", name, *options)
        names.append(name)
        return docker(*words, image, "sh", "-c", script).strip()

    try:
        yield start
    finally:
        left = docker("ps", "-a", "--format", "{{.Names}}").split()
        for name in names:
            if name in left:
                docker("rm", "-f", "-v", name)


def docker_sizes(docker: Docker, name: str) -> tuple[int, int]:
    """Bytes of a container's writable layer, and with its image, as Docker itself has them."""
    words = ("inspect", "--size", "--format", "{{.SizeRw}} {{.SizeRootFs}}", name)
    own, whole = docker(*words).split()
    return int(own), int(whole)


def until(holds: Callable[[], bool], seconds: float = 20.0) -> bool:
    """Whether it comes true in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(0.05)
    return False
