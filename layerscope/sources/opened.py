"""An image that somebody looks at: its metadata at once, its layers as they are read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal, NamedTuple

from layerscope.archive.blob import BrokenBlob
from layerscope.archive.codec import Codec
from layerscope.archive.entry import Entry, Kind
from layerscope.errors import Cancelled, LayerscopeError
from layerscope.index.columns import InvalidIndex
from layerscope.index.layer import LayerIndex
from layerscope.index.stack import StackView
from layerscope.oci.chain import chain_ids
from layerscope.oci.digest import Digest
from layerscope.progress import Progress, Silent
from layerscope.sources.tabled import tables_of

if TYPE_CHECKING:
    from concurrent.futures import Future

    from layerscope.archive.content import LayerContent
    from layerscope.index.facts import LayerFacts
    from layerscope.index.merge import StackBuilder
    from layerscope.sources.image import Image
    from layerscope.store.store import Store


class NotAFile(LayerscopeError):
    """Something without content of its own was to be read."""

    def __init__(self, what: str, kind: Kind) -> None:
        super().__init__(what, f"it is no file but a {kind.word}")


class NoSuchLayer(LayerscopeError):
    """A layer number that the image doesn't have."""


_CHUNK = 1 << 20


class Step(NamedTuple):
    """Something of an image is ready: the index of a layer, or the stack up to it.

    ``error`` says why it never will be; what stands below it is usable all the same.
    """

    what: Literal["layer", "stack"]
    number: int
    error: LayerscopeError | None = None


class OpenImage:
    """An image and what is known of its layers; indexes and stacks are kept by diffID.

    Layers are numbered bottom up from 0. Nothing of the image is copied.
    """

    def __init__(self, image: Image, store: Store, *, tables: bool = False) -> None:
        """With ``tables`` it may be known by its layers' own tables of contents."""
        self.image = image
        self._store = store
        self._tables = tables_of(image, store) if tables else None
        self._layers: dict[int, LayerIndex] = {}
        self._stacks: dict[int, StackView] = {}
        self._diff_ids = [layer.diff_id for layer in image.layers]

    @property
    def verified(self) -> bool:
        """False if tables of contents tell what its layers hold: no blob was seen to hold it."""
        return self._tables is None

    @property
    def layer_count(self) -> int:
        """How many layers it has."""
        return len(self._diff_ids)

    def diff_id(self, number: int) -> Digest | None:
        """The diffID of a layer; None while it isn't known (a bare tar that wasn't read yet)."""
        return self._diff_ids[number]

    def learn(self, number: int, diff_id: Digest) -> None:
        """Another process has read a layer: its index is kept under this diffID."""
        self._diff_ids[number] = diff_id

    def layer(self, number: int) -> LayerIndex | None:
        """The index of a layer, None if it wasn't made yet."""
        diff_id = self._diff_ids[number]
        if number not in self._layers and diff_id is not None:
            file = self._store.index_dir(diff_id) / "index"
            if self._tables is not None:
                file = self._tables.index_file(number)
            try:
                self._layers[number] = LayerIndex.open(file)
            except (InvalidIndex, FileNotFoundError):
                return None
        return self._layers.get(number)

    def stack(self, number: int) -> StackView | None:
        """The stack of layers 0 to ``number``, None if it wasn't made yet."""
        if number not in self._stacks:
            layers = [layer for n in range(number + 1) if (layer := self.layer(n)) is not None]
            if len(layers) <= number:
                return None
            try:
                self._stacks[number] = StackView.open(self.stack_file(number), layers)
            except (InvalidIndex, FileNotFoundError):
                return None
        return self._stacks[number]

    def stack_file(self, number: int) -> Path:
        """Where the stack of layers 0 to ``number`` is kept. Their diffIDs must be known."""
        if self._tables is not None:
            return self._tables.stack_file(number)
        diff_ids = [diff_id for diff_id in self._diff_ids[: number + 1] if diff_id is not None]
        chain = chain_ids(diff_ids)[-1]
        return self._store.index_dir(diff_ids[-1]) / f"stack-{chain.hex}"

    def stacks(self) -> list[StackView]:
        """Every stack, bottom up. Raises NoSuchLayer if one wasn't made yet."""
        return [self.need_stack(number) for number in range(self.layer_count)]

    def need_stack(self, number: int | None) -> StackView:
        """The stack of layers 0 to ``number``, of all for None. Raises NoSuchLayer."""
        last = self.layer_count - 1
        if last < 0:
            raise NoSuchLayer(self.image.origin, "it has no layers")
        wanted = last if number is None else number
        if not 0 <= wanted <= last:
            why = f"there is none; layers are 0 to {last}"
            raise NoSuchLayer(f"layer {wanted} of {self.image.origin}", why)
        stack = self.stack(wanted)
        if stack is None:
            raise NoSuchLayer(f"layer {wanted} of {self.image.origin}", "it wasn't read yet")
        return stack

    def read_file(self, stack: StackView, row: int) -> Iterator[bytes]:
        """A file's content in chunks, checked against what the index saw.

        Raises NotAFile, BrokenBlob if it has changed since, OSError.
        """
        return self.read_entry(*stack.source(row))

    def read_entry(self, number: int, row: int) -> Iterator[bytes]:
        """The same of a row of a layer."""
        index = self.layer(number)
        assert index is not None
        entry = index.entry(row)
        if entry.kind is not Kind.FILE:
            name = entry.path.decode("utf-8", "backslashreplace")
            raise NotAFile(repr(name), entry.kind)
        if self._tables is not None:
            return self._tables.read_file(number, entry)
        return _checked(entry, self._chunks(number, entry))

    def facts(self, number: int) -> LayerFacts | None:
        """What is known of a layer, its blob as it is in this image; None if it wasn't read yet.

        The index may have been made from another form of the same layer.
        """
        index, layer = self.layer(number), self.image.layers[number]
        if index is None or callable(layer.bytes) or self._tables is not None:
            return index.facts if index else None
        codec = layer.codec().value
        other = index.facts.codec != codec
        digest = index.diff_id if other and codec == Codec.PLAIN.value else index.facts.digest
        return index.facts._replace(
            digest=layer.descriptor.digest if layer.descriptor else digest,
            codec=codec,
            blob_size=index.facts.blob_size if layer.size is None else layer.size,
        )

    def content(self, number: int) -> LayerContent | None:
        """The uncompressed bytes of a layer; None if they can only be read from their start.

        What lies on another machine is fetched. Raises what that raises.
        """
        from layerscope.archive.content import LayerContent

        layer = self.image.layers[number]
        if self._tables is not None:
            return None
        place = layer.place
        if place is None and layer.distant is not None:
            place = layer.distant.fetch()
        facts = self.facts(number)
        assert facts is not None
        if place is None:
            return None
        folder = self._store.index_dir(facts.diff_id)
        codec = Codec(facts.codec)
        return LayerContent(place, codec, str(facts.digest), facts.tar_size, folder)

    def _chunks(self, number: int, entry: Entry) -> Iterator[bytes]:
        from layerscope.archive.content import file_chunks

        content = self.content(number)
        if content is None:
            with self.image.layers[number].open() as tar:
                yield from _skip_to(tar, entry)
        else:
            yield from file_chunks(content, entry)

    def read_layer(self, number: int, progress: Progress) -> None:
        """Index one layer: one pass over its bytes, verified. Raises what index_layer raises."""
        from layerscope.index.ingest import index_layer

        if self._tables is not None:
            self._tables.make_index(number)
            return
        layer = self.image.layers[number]
        task = f"layer {number}"
        progress.begin(task, layer.size)

        def watch(done: int) -> None:
            progress.check()
            progress.advance(task, done)

        def place(diff_id: Digest) -> Path:
            # Kept while it is looked at, whatever another process collects.
            self._store.keep(diff_id)
            folder = self._store.index_dir(diff_id)
            folder.mkdir(parents=True, exist_ok=True)
            return folder / "index"

        promised = layer.descriptor.digest if layer.descriptor else None
        with layer.open() as raw:
            facts = index_layer(raw, place, watch=watch, digest=promised, diff_id=layer.diff_id)
        if layer.fingerprint is not None:
            self._store.remember_file(layer.fingerprint, facts.diff_id)
        self._diff_ids[number] = facts.diff_id
        progress.end(task)

    def read(self, progress: Progress | None = None, last: int | None = None) -> Iterator[Step]:
        """Index what is missing, on all cores, and build the stacks; yields as things get ready.

        Layers above ``last``, if there are, are not read. A layer that can't be read is a step
        that carries its error; the others go on. Raises Cancelled when ``progress`` says so.
        """
        progress = progress or Silent()
        stacks = _Stacks(self)
        wanted = range(self.layer_count)[: None if last is None else last + 1]
        missing = [n for n in wanted if self.layer(n) is None]
        yield from (Step("layer", n) for n in wanted if n not in missing)
        yield from stacks.build()
        if not missing:
            return
        from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait

        with ThreadPoolExecutor(min(len(missing), os.cpu_count() or 1)) as pool:
            running = {pool.submit(self.read_layer, n, progress): n for n in missing}
            try:
                while running:
                    for future in wait(running, return_when=FIRST_COMPLETED).done:
                        yield _outcome(future, running.pop(future))
                    yield from stacks.build()
            finally:
                for future in running:
                    future.cancel()

    def read_all(self, progress: Progress | None = None, last: int | None = None) -> None:
        """As :meth:`read`, to its end. Raises the first error that it meets."""
        for step in self.read(progress, last):
            if step.error is not None:
                raise step.error


class _Stacks:
    """Builds an image's stacks in order, as far as its layers are there."""

    def __init__(self, image: OpenImage) -> None:
        self._image = image
        self._next = 0
        self._builder: StackBuilder | None = None

    def build(self) -> Iterator[Step]:
        """Build, or find built, each further stack whose layers are all there."""
        image = self._image
        while self._next < image.layer_count and (layer := image.layer(self._next)) is not None:
            number, self._next = self._next, self._next + 1
            if self._builder is None and image.stack(number) is not None:
                yield Step("stack", number)
                continue
            try:
                self._builder = self._builder or self._builder_at(number)
                self._builder.push(layer, image.stack_file(number))
            except (LayerscopeError, OSError) as error:
                self._next = image.layer_count
                yield Step("stack", number, _in_layer(number, error))
            else:
                yield Step("stack", number)

    def _builder_at(self, number: int) -> StackBuilder:
        from layerscope.index.merge import StackBuilder

        below = self._image.stack(number - 1) if number else None
        return StackBuilder.resume(below) if below is not None else StackBuilder()


def _checked(entry: Entry, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The chunks; at their end, an error if they aren't what the index saw."""
    import xxhash

    digest = xxhash.xxh3_64()
    for chunk in chunks:
        digest.update(chunk)
        yield chunk
    if entry.sparse is None and digest.intdigest() != entry.xxh3:
        name = entry.path.decode("utf-8", "backslashreplace")
        raise BrokenBlob(repr(name), "its content is not what the layer's index saw")


def _skip_to(tar: BinaryIO, entry: Entry) -> Iterator[bytes]:
    """An entry's content out of a tar that has no place, and maybe can only be read in order."""
    left = entry.data_offset
    if tar.seekable():
        tar.seek(left)
        left = 0
    while left:
        left -= len(tar.read(min(left, _CHUNK)) or b"\0" * left)
    size = entry.size
    while size and (chunk := tar.read(min(size, _CHUNK))):
        size -= len(chunk)
        yield chunk


def _outcome(future: Future[None], number: int) -> Step:
    try:
        future.result()
    except Cancelled:
        raise
    except (LayerscopeError, OSError) as error:
        return Step("layer", number, _in_layer(number, error))
    return Step("layer", number)


def _in_layer(number: int, error: LayerscopeError | OSError) -> LayerscopeError:
    """The error with the layer named, however deep it came from."""
    if not isinstance(error, LayerscopeError):
        return LayerscopeError(f"layer {number}", error.strerror or str(error))
    if error.what == "layer":
        error.what = f"layer {number}"
    return error
