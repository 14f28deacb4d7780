"""Images that real processes can run in: the host's static busybox and little else."""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

from sample_images.archives import Image, Layer, write_docker_archive
from tests.support.layers import file, folder, symlink, tar
from tests.support.peers import unavailable

_APPLETS = (
    "sh ls cat echo printf rm mkdir mv cp ln chmod chown touch dd head tail sleep true false id "
    "env pwd stat kill tr seq find test ps hostname wc df sync tty stty grep yes mknod mkfifo"
)
PASSWD = b"root:x:0:0:root:/root:/bin/sh\nweb:x:33:33:web:/var/www:/bin/sh\n"
GROUP = b"root:x:0:\nweb:x:33:\nlog:x:44:web\n"
HELLO = b"#!/bin/sh\necho hello from the image's file"
LOWER = bytes(range(256)) * 4096


def need_processes() -> None:
    """Skip, with the reason, where no container can run; fail where all peers are required."""
    if shutil.which("busybox") is None:
        unavailable("busybox not installed")
    refused = _refusal()
    if refused:
        unavailable(refused)


@cache
def _refusal() -> str:
    if shutil.which("unshare") is None:
        return "unshare not installed"
    users = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    asked = ["unshare", *users, "--mount", "--pid", "--fork", "true"]
    ran = subprocess.run(asked, capture_output=True, text=True)
    return "" if ran.returncode == 0 else f"no namespaces here: {ran.stderr.strip()}"


def base_layer() -> bytes:
    """A root with busybox, two users, and a large file below /var/lib."""
    path = Path(shutil.which("busybox") or "/bin/busybox").resolve()
    return tar(
        [
            folder("bin"),
            file("bin/busybox", path.read_bytes(), mode=0o755),
            *(symlink(f"bin/{name}", "busybox") for name in _APPLETS.split()),
            folder("etc"),
            file("etc/passwd", PASSWD),
            file("etc/group", GROUP),
            folder("tmp", mode=0o1777),
            folder("var"),
            folder("var/lib"),
            file("var/lib/db", LOWER),
        ]
    )


def write_images(path: Path) -> Path:
    """A docker-archive with the walk-through's two images, the second from the first."""
    base = Layer.plain(base_layer())
    copied = Layer.plain(tar([folder("app"), file("app/hello.sh", HELLO)]))
    made_executable = Layer.plain(tar([folder("app"), file("app/hello.sh", HELLO, mode=0o755)]))
    when = "2024-01-02T03:04:05Z"
    installed = {"created_by": "RUN install something"}
    no_layer = {"created_by": "CMD", "empty_layer": True}
    first = Image(("acme/my-base-image:1.0",), (base,), (installed, no_layer), when, {})
    second = Image(
        ("acme/my-final-image:1.0",),
        (base, copied, made_executable),
        (installed, no_layer, {"created_by": "COPY . /app"}, {"created_by": "RUN chmod"}, no_layer),
        when,
        {"Cmd": ["/app/hello.sh"], "Env": ["PATH=/bin", "LANG=C"], "Volumes": {"/data": {}}},
    )
    with path.open("wb") as out:
        write_docker_archive(out, [first, second])
    return path
