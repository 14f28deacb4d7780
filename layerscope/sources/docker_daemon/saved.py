"""What `docker save` would write, fetched once when it is first needed."""

from __future__ import annotations

import io
import os
import threading
from typing import TYPE_CHECKING, BinaryIO, cast

from layerscope.archive.codec import Codec, decoded
from layerscope.errors import LayerscopeError
from layerscope.sources.docker_archive import open_docker_archive
from layerscope.sources.docker_daemon.client import DockerClient, part
from layerscope.sources.image import NotAnImage
from layerscope.sources.members import Members
from layerscope.store.blobs import write_all
from layerscope.store.disk import told

if TYPE_CHECKING:
    from pathlib import Path

    from layerscope.oci.digest import Digest
    from layerscope.progress import Progress
    from layerscope.sources.image import Image
    from layerscope.store.store import Store


class SavedImage:
    """The image ``image_id`` of a daemon by way of an archive, which lies in the store meanwhile.

    ``size`` is about how many bytes will come, for the progress. Threads may share it.
    """

    def __init__(
        self, client: DockerClient, image_id: Digest, size: int, store: Store, progress: Progress
    ) -> None:
        self._client, self._id, self._size = client, image_id, size
        self._store, self._progress = store, progress
        self._lock = threading.Lock()
        self._image: Image | None = None

    def image(self) -> Image:
        """The image with its exact documents; the first call fetches it.

        Raises NoDaemon, DockerRefused, NotAnImage, StoreFailure, Cancelled.
        """
        with self._lock:
            if self._image is None:
                key = f"docker-{self._id.hex}"
                self._store.keep(f"spool:{key}")
                copy = self._store.spool_file(key)
                if not copy.exists():
                    self._fetch(copy)
                self._image = self._open(copy)
            return self._image

    def open_layer(self, number: int) -> BinaryIO:
        """A layer's tar from its first byte on. Raises as :meth:`image`, OSError."""
        layers = self.image().layers
        if number >= len(layers):
            raise NotAnImage("docker", f"it saves no layer {number} of the image")
        layer = layers[number]
        codec = layer.codec()
        raw = layer.open()
        if codec is Codec.PLAIN:
            return raw
        return cast(BinaryIO, io.BufferedReader(decoded(cast(io.RawIOBase, raw), codec), 1 << 20))

    def _fetch(self, copy: Path) -> None:
        task = f"image {self._id.short}"
        self._progress.begin(task, self._size or None)
        with self._store.hold_to_read() as hand:
            temporary = hand.temporary()
            done = 0
            with (
                self._client.stream(f"/images/{part(str(self._id))}/get") as chunks,
                told(self._store.root),
                temporary.open("xb", buffering=0) as out,
            ):
                for chunk in chunks:
                    write_all(out, chunk)
                    done += len(chunk)
                    self._progress.check()
                    self._progress.advance(task, done)
                os.rename(temporary, copy)
        self._progress.end(task)

    def _open(self, copy: Path) -> Image:
        try:
            return open_docker_archive(Members("docker", copy), None)
        except LayerscopeError as error:
            # Broken off, maybe: it is to be fetched anew the next time.
            copy.unlink(missing_ok=True)
            raise NotAnImage("docker", f"what it saves is damaged: {error.why}") from None
