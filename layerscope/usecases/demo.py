"""The demo: a store of its own, an image, five containers of it, and who writes in them.

No root, no network, no container engine: the writers are the built-in engine's, each a process
that works in one container as the processes of a real one would.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from layerscope.containers.mounts import parse_volume
from layerscope.containers.shelf import all_containers
from layerscope.errors import LayerscopeError
from layerscope.units import now_text
from layerscope.usecases.containers import Wanted, create, remove

if TYPE_CHECKING:
    from layerscope.store.store import Store

IMAGE = "demo/shop:1.0"
DATABASE = b"/srv/shop/orders.db"
DATABASE_SIZE = 16 << 20  # bytes
_BASE = "example/wasteful:latest"
_SAMPLES = (
    "five-layers.docker.tar",
    "wasteful.docker.tar",
    "mixed-codecs.oci.tar",
    "shared-base.docker.tar:acme/my-base-image:1.0",
    "shared-base.docker.tar:acme/my-final-image:1.0",
)
_ROW = b"order %08d: three jars of marmalade, one tea; paid by card \n"
_ROWS = 1 << 14
_MODULE = "layerscope.usecases.demo_writers"


@dataclass(frozen=True, slots=True)
class Writer:
    """A container of the demo: its name, which is what is written in it, and a volume it has."""

    name: str
    command: str
    volume: str | None = None


WRITERS = (
    Writer("new-files", "render-pages"),
    Writer("one-byte", "update-orders"),
    Writer("growing-log", "serve --verbose"),
    Writer("deletes", "clean-up"),
    Writer("in-a-volume", "queue", "queue:/srv/queue"),
)

_CAPTIONS = (
    "Five containers of one image. Each began at 0 B: the image's layers are stored once, and a "
    "new container is an empty layer on top of them.",
    "new-files writes pages that the image never had: its layer holds just them (A), and grows by "
    "their bytes.",
    "one-byte changes 1 byte of the image's 16.8 MB orders.db, again and again. The first write "
    "copied the whole file up (C): that is what the change costs.",
    "growing-log appends to a log inside the container. Nothing takes it away before the container "
    "goes: watch its rate, and what it will be tomorrow.",
    "deletes removes files of the image: whiteouts (D) that free nothing, for the layers below "
    "still hold them. A chmod copies a whole file up.",
    "in-a-volume writes as fast as the log, but into a volume: its layer stays at 0 B, and what it "
    "wrote outlives it.",
    "Enter opens a container: its files with their marks, what grows most, what just happened, its "
    "size over time.",
)


def captions(*, stays: bool) -> tuple[str, ...]:
    """What guides through the demo; ``stays`` tells whether its store does."""
    end = "; the demo's store stays" if stays else ", and the demo's store goes with it"
    return (*_CAPTIONS, f"F3 hides these lines, F4 shows the next. q leaves{end}.")


@contextmanager
def demo(root: Path | None) -> Iterator[Path]:
    """The demo's store, at ``root`` or in a temporary folder, with the writers at work for as long
    as the block runs. Raises LayerscopeError, OSError."""
    from layerscope.store.store import Store

    with contextlib.ExitStack() as stack:
        if root is None:
            root = (
                Path(stack.enter_context(TemporaryDirectory(prefix="layerscope-demo-"))) / "store"
            )
        store = Store.open(root)
        make(store)
        store.close()
        writers = subprocess.Popen(
            [sys.executable, "-m", _MODULE, str(root)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield root
        finally:
            assert writers.stdin is not None
            writers.stdin.close()
            writers.wait()


def make(store: Store) -> None:
    """Load the samples, make the image, and its containers anew. Raises LayerscopeError."""
    there = [one for one in all_containers(store) if one.name in {made.name for made in WRITERS}]
    for one in there:
        if one.image_name != IMAGE:
            why = f"the demo would have one of that name, and this one is of {one.image_name}"
            raise LayerscopeError(f"container {one.name}", why, "demo without --root, or rename it")
    _load_samples(store)
    if not store.has_name(IMAGE):
        _make_image(store)
    for one in there:
        remove(store, one.id, force=True, with_volumes=True)
    for writer in WRITERS:
        mounts = (parse_volume(writer.volume),) if writer.volume else ()
        wanted = Wanted(
            name=writer.name, entrypoint="", command=tuple(writer.command.split()), mounts=mounts
        )
        create(store, IMAGE, wanted)


def _load_samples(store: Store) -> None:
    from layerscope.usecases.load import load

    for sample in _SAMPLES:
        file, _, name = sample.partition(":")
        path = _folder() / file
        load(store, f"docker-archive:{path}:{name}" if name else str(path))


def _folder() -> Path:
    """Where the samples are: in the package, or beside it where it runs from its sources."""
    package = Path(__file__).parent.parent
    for folder in (package / "_samples", package.parent / "sample_images"):
        if folder.is_dir():
            return folder
    raise LayerscopeError("demo", "this installation came without the sample images")


def _make_image(store: Store) -> None:
    """The base, and a shop's database in a layer of its own."""
    from layerscope.containers.commit import commit
    from layerscope.containers.files import open_files
    from layerscope.oci.history import History

    made = create(store, _BASE, Wanted(entrypoint="", command=("shop", "install")))
    with open_files(store, made) as engine:
        engine.mkdir(b"/srv/shop", 0o755)
        with engine.open(DATABASE, os.O_CREAT | os.O_WRONLY, 0o644) as file:
            for first in range(0, DATABASE_SIZE // len(_ROW % 0), _ROWS):
                file.write(b"".join(_ROW % number for number in range(first, first + _ROWS)))
    step = History(created=now_text(), created_by=" ".join(made.settings.command))
    runtime = store.runtime_config(store.resolve(_BASE))
    commit(store, made, (IMAGE,), step, lambda config: runtime)
    remove(store, made.id)
