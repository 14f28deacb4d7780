"""`shared-base`: two images, the second built on the first: the base's layers are stored once."""

from __future__ import annotations

from sample_images.archives import Image
from sample_images.contents import noise, package_record, program
from sample_images.layer_tar import LayerTar
from sample_images.steps import Step, image, plain

_HELLO = b"#!/usr/bin/env bash\necho 'Hello world'\n"
_DOCKERFILE = (
    b"FROM acme/my-base-image:1.0\nCOPY . /app\nRUN chmod +x /app/hello.sh\nCMD /app/hello.sh\n"
)
_NOTES = (
    b"Three files of one layer. The next layer repeats hello.sh, whole,\n"
    b"to change nothing but its mode.\n"
)


def make() -> tuple[Image, Image]:
    """The base and the image on it, layers stored plain."""
    base = (
        plain("/bin/sh -c #(nop) ADD file:rootfs.tar.gz in / ", _rootfs()),
        Step('/bin/sh -c #(nop)  CMD ["/bin/sh"]'),
        plain("RUN /bin/sh -c apk add --no-cache bash # buildkit", _bash()),
    )
    final = (
        *base,
        plain("COPY . /app # buildkit", _app()),
        plain("RUN /bin/sh -c chmod +x /app/hello.sh # buildkit", _executable()),
        Step('CMD ["/bin/sh" "-c" "/app/hello.sh"]'),
    )
    return (
        image("acme/my-base-image:1.0", base, {"Cmd": ["/bin/sh"]}),
        image("acme/my-final-image:1.0", final, {"Cmd": ["/bin/sh", "-c", "/app/hello.sh"]}),
    )


def _rootfs() -> LayerTar:
    layer = LayerTar(day=0).folders("bin", "etc", "home", "lib", "lib/apk", "lib/apk/db")
    layer.file("bin/busybox", program("busybox", 120_000), mode=0o755)
    for name in ("ash", "cat", "echo", "ls", "rm", "sh", "vi"):
        layer.symlink(f"bin/{name}", "busybox")
    layer.file("etc/passwd", b"root:x:0:0:root:/root:/bin/sh\n").file("etc/motd", b"Welcome.\n")
    layer.file("lib/apk/db/installed", package_record("busybox", 120))
    layer.folders("root", mode=0o700).folders("tmp", mode=0o1777)
    return layer.folders("usr", "usr/bin", "var", "var/lib").file(
        "var/lib/records.db", noise("records", 150_000)
    )


def _bash() -> LayerTar:
    layer = LayerTar(day=2).folders("bin").file("bin/bash", program("bash", 90_000), mode=0o755)
    records = package_record("busybox", 120) + package_record("bash", 90)
    return layer.folders("lib", "lib/apk", "lib/apk/db").file("lib/apk/db/installed", records)


def _app() -> LayerTar:
    layer = LayerTar(day=3).folders("app").file("app/Dockerfile", _DOCKERFILE)
    layer.file("app/hello.sh", _HELLO)
    return layer.file("app/notes.txt", _NOTES)


def _executable() -> LayerTar:
    return LayerTar(day=4).folders("app").file("app/hello.sh", _HELLO, mode=0o755)
