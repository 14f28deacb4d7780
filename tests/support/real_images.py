"""A real image by a real builder, and the forms in which tools store it."""

from __future__ import annotations

import json
import shutil
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sample_images.archives import Image, Layer, write_oci_archive, write_saved_by_docker_25
from tests.support.peers import Docker, Tool

# Each makes a layer of its own; together every kind of change.
CHANGES = (
    "mkdir -p /srv/a/b && echo one > /srv/a/one && ln /srv/a/one /srv/a/b/also-one "
    "&& ln -s ../one /srv/a/b/link && ln -s /nowhere /srv/a/dangling && echo two > /srv/two",
    "chmod 600 /etc/passwd && chown 1000:1000 /srv/a/one && chmod 4755 /srv/two "
    "&& touch -d '2001-02-03 04:05:06' /srv/two",
    "rm -rf /usr/share/doc /etc/motd && mkdir /usr/share/doc && echo new > /usr/share/doc/new",
    "rm -rf /srv/a/b && echo 'was a folder' > /srv/a/b && rm /srv/a/dangling "
    "&& mkdir /srv/a/dangling && echo in > /srv/a/dangling/in",
    "mkfifo /srv/fifo && mknod /srv/null c 1 3 && mknod /srv/loop b 7 1 "
    "&& truncate -s 1M /srv/holes && echo x >> /srv/holes && : > /srv/empty",
    "cd /srv && touch -- '-rf' ' spaces ' \"$(printf 'new\\nline')\" \"$(printf 'caf\\351')\" "
    "\"$(printf '\\033[31mred')\" 'ünï' \"$(printf 'n%.0s' $(seq 255))\"",
    "rm -rf /var/lib/apt /usr/share/locale && cp -a /usr/lib/apt /opt/apt",
)
METADATA = (
    "LABEL org.opencontainers.image.title=built",
    "ENV LANG=C.UTF-8",
    "EXPOSE 8080",
    "WORKDIR /srv",
    'ENTRYPOINT ["/bin/sh"]',
)


def dockerfile(context: Path, base: str) -> None:
    """Write a Dockerfile and what it copies into ``context``."""
    shutil.copy2(shutil.which("busybox") or "", context / "busybox")
    (context / "hello.sh").write_text("#!/bin/sh\necho hello\n")
    runs = [f"RUN {json.dumps(['/busybox', 'sh', '-c', change])}" for change in CHANGES]
    lines = [f"FROM {base}", "COPY busybox /busybox", "COPY . /app", *runs, *METADATA]
    (context / "Dockerfile").write_text("\n".join(lines) + "\n")


@dataclass(frozen=True)
class Forms:
    """The docker image ``name`` as files in ``folder``, each made when it is first asked for."""

    folder: Path
    docker: Docker
    skopeo: Tool
    name: str

    def target(self, form: str) -> str:
        """The TARGET of the image in one of :data:`FORMS`."""
        make = _MAKERS[form]
        made = self.folder / form
        if not made.exists():
            make(self, made)
        return str(made)

    @property
    def saved(self) -> Path:
        """What `docker save` wrote."""
        return Path(self.target("docker-save"))

    def copied(self, made: Path, transport: str, *options: str) -> None:
        source = f"docker-archive:{self.saved}"
        self.skopeo("copy", "-q", *options, source, f"{transport}:{made}:{self.name}")

    def written(self) -> Image:
        """The image of the saved archive, its layers plain, to be written out in other forms."""
        unpacked = self.folder / "unpacked"
        if not unpacked.exists():
            with tarfile.open(self.saved) as tar:
                tar.extractall(unpacked, filter="data")
        (row,) = json.loads((unpacked / "manifest.json").read_text())
        config = json.loads((unpacked / row["Config"]).read_text())
        layers = tuple(Layer.plain(unpacked / layer) for layer in row["Layers"])
        return Image(
            (self.name,), layers, tuple(config["history"]), config["created"], config["config"]
        )


def _save(forms: Forms, made: Path) -> None:
    forms.docker("save", "-o", str(made), forms.name)


def _save_as_docker_25(forms: Forms, made: Path) -> None:
    with made.open("wb") as out:
        write_saved_by_docker_25(out, [forms.written()])


def _plain_oci(forms: Forms, made: Path) -> None:
    with made.open("wb") as out:
        write_oci_archive(out, [forms.written()])


def _copy(transport: str, *options: str) -> Callable[[Forms, Path], None]:
    return lambda forms, made: forms.copied(made, transport, *options)


_ZSTD = ("--dest-compress-format", "zstd")
_MAKERS: dict[str, Callable[[Forms, Path], None]] = {
    "docker-save": _save,
    "docker-save-25": _save_as_docker_25,
    "docker-archive-skopeo": _copy("docker-archive"),
    "oci-gzip": _copy("oci"),
    "oci-zstd": _copy("oci", *_ZSTD),
    "oci-archive-gzip": _copy("oci-archive"),
    "oci-archive-zstd": _copy("oci-archive", *_ZSTD),
    "oci-archive-plain": _plain_oci,
}
FORMS = tuple(_MAKERS)
