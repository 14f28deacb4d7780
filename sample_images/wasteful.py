"""`wasteful`: the habits that make images large: caches deleted a layer too late, `chmod -R`, and
a tree that is copied and then deleted."""

from __future__ import annotations

from collections.abc import Iterator

from sample_images.archives import Image
from sample_images.contents import noise, package_record, program, text
from sample_images.layer_tar import LayerTar
from sample_images.steps import Step, image, plain

_LISTS = "var/lib/apt/lists"
_ARCHIVES = "var/cache/apt/archives"
_PACKAGES = ("curl", "git", "libcurl4", "libssl3", "make")


def make() -> Image:
    """The image, layers stored plain."""
    steps = (
        plain("/bin/sh -c #(nop) ADD file:rootfs.tar.gz in / ", _base()),
        plain(f"RUN /bin/sh -c apt-get update && apt-get install -y {' '.join(_PACKAGES)}", _apt()),
        Step("WORKDIR /srv/app"),
        plain("COPY . /srv/app # buildkit", _app("srv/app", 2, 0o600)),
        plain("RUN /bin/sh -c chmod -R a+rX /srv/app # buildkit", _app("srv/app", 3, 0o644)),
        plain("RUN /bin/sh -c cp -r /srv/app /tmp/build && make -C /tmp/build", _built()),
        plain(f"RUN /bin/sh -c rm -rf /tmp/build /{_LISTS} /{_ARCHIVES} /srv/app/.git", _cleaned()),
        plain("RUN /bin/sh -c echo built >> /srv/app/CHANGES # buildkit", _noted()),
        Step('ENTRYPOINT ["/srv/app/bin/server"]'),
    )
    runtime = {"Entrypoint": ["/srv/app/bin/server"], "WorkingDir": "/srv/app"}
    return image("example/wasteful:latest", steps, runtime)


def _base() -> LayerTar:
    layer = LayerTar(day=0).folders("etc", "srv", "tmp", "usr", "usr/bin", "usr/lib", "var")
    layer.file("etc/os-release", b'PRETTY_NAME="Sample Linux 1"\nID=sample\n')
    layer.file("usr/bin/sh", program("sh", 24_000), mode=0o755)
    layer.file("usr/lib/libc.so.6", program("libc", 40_000), mode=0o755)
    layer.folders("var/cache", "var/lib", "var/lib/dpkg", "var/log")
    return layer.file("var/lib/dpkg/status", package_record("base", 90))


def _apt() -> LayerTar:
    layer = LayerTar(day=1).folders("usr", "usr/bin", "var", "var/cache", "var/cache/apt")
    for package in _PACKAGES:
        layer.file(f"usr/bin/{package}", program(package, 14_000), mode=0o755)
    layer.folders(_ARCHIVES)
    for package in _PACKAGES:
        layer.file(f"{_ARCHIVES}/{package}_1.0-1_amd64.deb", noise(f"{package}.deb", 9_000))
    layer.folders("var/lib", "var/lib/apt", _LISTS)
    for component in ("main", "updates", "security"):
        layer.file(f"{_LISTS}/sample_{component}_binary-amd64_Packages", text(component, 32_000))
    records = b"".join(package_record(package, 14) for package in ("base", *_PACKAGES))
    layer.folders("var/lib/dpkg").file("var/lib/dpkg/status", records)
    return layer.folders("var/log").file("var/log/dpkg.log", text("dpkg.log", 4_000))


def _app_files() -> Iterator[tuple[str, bytes]]:
    yield "CHANGES", text("changes", 12_000)
    yield "bin/server", program("server", 30_000)
    yield ".git/objects/pack/pack-1.pack", noise("pack", 48_000)
    for number in range(12):
        yield f"lib/module_{number:02}.py", text(f"module {number}", 1_500)


def _app(folder: str, day: int, mode: int) -> LayerTar:
    layer = LayerTar(day).folders(folder.rpartition("/")[0], folder)
    made = set()
    for path, content in _app_files():
        parents = path.split("/")[:-1]
        for depth in range(len(parents)):
            parent = "/".join(parents[: depth + 1])
            if parent not in made:
                made.add(parent)
                layer.folders(f"{folder}/{parent}")
        executable = 0o111 if path.startswith("bin/") else 0
        layer.file(f"{folder}/{path}", content, mode=mode | executable)
    return layer


def _built() -> LayerTar:
    layer = _app("tmp/build", 4, 0o644)
    return layer.file("tmp/build/lib/module.o", program("object", 36_000))


def _cleaned() -> LayerTar:
    layer = LayerTar(day=5).folders("srv", "srv/app").removed("srv/app/.git")
    layer.folders("tmp").removed("tmp/build").folders("var", "var/cache", "var/cache/apt")
    return layer.removed(_ARCHIVES).folders("var/lib", "var/lib/apt").removed(_LISTS)


def _noted() -> LayerTar:
    changes = dict(_app_files())["CHANGES"]
    return LayerTar(day=6).folders("srv", "srv/app").file("srv/app/CHANGES", changes + b"built\n")
