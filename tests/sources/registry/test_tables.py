"""Layers with a table of contents: looked at without their blobs, and never taken for verified."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from layerscope.errors import LayerscopeError
from layerscope.index.change import Change
from layerscope.oci import media
from layerscope.sources.opened import OpenImage
from layerscope.sources.registry.contents import InvalidTable, parse_contents
from layerscope.sources.target import open_target
from layerscope.store.store import Store
from layerscope.usecases.blame import blame
from layerscope.usecases.compare import NotComparable, compare
from layerscope.usecases.content import read_file
from layerscope.usecases.file_content import FileContent
from layerscope.usecases.layers import list_layers
from layerscope.usecases.tree import changes, tree
from sample_images.archives import Blob, Layer
from tests.support.fake_registry import FakeRegistry, content, digest_of
from tests.support.images import image
from tests.support.layers import file, folder, hardlink, special, symlink, tar
from tests.support.registries import NOISE, pull
from tests.support.stores import faults
from tests.support.tables import Packed, chunked, estargz

RICH = tar(
    [
        folder("bin"),
        file("bin/sh", NOISE[:50_000], mode=0o4755, mtime=1_000_000_000.25),
        hardlink("bin/bash", "bin/sh"),
        symlink("sh", "bin/sh"),
        file("empty", b""),
        file("caf\u00e9", b"coffee"),
        special("fifo", tarfile.FIFOTYPE),
        file("noise", NOISE),
        file("etc/motd", b"welcome"),
        file("last", b"the last one"),
    ]
)
AGAIN = tar([file("etc/motd", b"welcome"), file("bin/sh", b"changed"), file(".wh.noise")])

PACKERS: dict[str, Callable[..., Packed]] = {"estargz": estargz, "chunked": chunked}
TYPES = {"estargz": media.OCI_LAYER_GZIP, "chunked": media.OCI_LAYER_ZSTD}


@dataclass(frozen=True)
class Held:
    """An image of packed layers in a registry."""

    registry: FakeRegistry
    layers: list[Packed]

    @property
    def sent(self) -> list[int]:
        """Bytes that were fetched of each layer's blob."""
        return [self.registry.sent.get(digest_of(layer.blob), 0) for layer in self.layers]


def hold(registry: FakeRegistry, kind: str, layers: list[Packed], tag: str = "1") -> Held:
    """Put it there, as ``team/packed``."""
    made = image(
        "packed:1",
        layers=[Layer(Blob(one.tar), Blob(one.blob), TYPES[kind]) for one in layers],
    )
    registry.add("team/packed", tag, made)
    manifest = json.loads(content(made.manifest))
    for entry, layer in zip(manifest["layers"], layers, strict=True):
        entry["annotations"] = layer.notes
    text = json.dumps(manifest).encode()
    registry.add_manifest("team/packed", tag, text, media.OCI_MANIFEST)
    return Held(registry, layers)


def open_packed(store: Store, held: Held, tag: str = "1", *, tables: bool = True) -> OpenImage:
    """Look at it."""
    target = f"docker://{held.registry.address}/team/packed:{tag}"
    return OpenImage(open_target(target, store), store, tables=tables)


@pytest.fixture(params=PACKERS)
def kind(request: pytest.FixtureRequest) -> str:
    """The form of the layers."""
    return str(request.param)


@pytest.fixture
def held(registry: FakeRegistry, kind: str) -> Held:
    """An image of two layers."""
    return hold(registry, kind, [PACKERS[kind](RICH), PACKERS[kind](AGAIN)])


def rows(image: OpenImage) -> list[Any]:
    """What is shown of an image's files, but for what its tables don't tell of themselves."""
    found = []
    for number in range(image.layer_count):
        for row in (*tree(image, b"/", number), *changes(image, number, b"/")):
            entry = row.entry
            if entry.path != b"stargz.index.json":
                plain = replace(entry, data_offset=0, xxh3=0)
                found.append((number, plain, row.layer, row.change))
    return found


def test_files_are_listed_without_the_blobs(store: Store, held: Held) -> None:
    found = open_packed(store, held)
    found.read_all()
    assert not found.verified
    assert held.sent[0] < 0.95 * len(held.layers[0].blob)
    listed = list_layers(found)
    assert [row.verified for row in listed] == [False, False]
    whole = open_packed(store, held, tables=False)
    whole.read_all()
    assert whole.verified
    assert rows(found) == rows(whole)
    if b"stargz.index.json" not in [row.entry.path for row in tree(whole)]:
        assert [replace(row, verified=True) for row in listed] == list_layers(whole)


def test_a_single_file_is_fetched_alone(store: Store, held: Held) -> None:
    found = open_packed(store, held)
    found.read_all()
    before = sum(held.sent)
    assert b"".join(read_file(found, b"last")) == b"the last one"
    assert b"".join(read_file(found, b"empty")) == b""
    assert b"".join(read_file(found, b"etc/motd")) == b"welcome"
    assert sum(held.sent) - before < 2000
    assert b"".join(read_file(found, b"bin/bash", 0)) == NOISE[:50_000]
    assert b"".join(read_file(found, b"noise", 0)) == NOISE
    assert b"".join(read_file(found, b"bin/sh")) == b"changed"


def test_a_file_is_read_from_anywhere_in_it(store: Store, held: Held) -> None:
    found = open_packed(store, held)
    found.read_all()
    stack = found.need_stack(0)
    row = next(row for row in range(len(stack)) if stack.path(row) == b"noise")
    shown = FileContent(found, *stack.source(row))
    for offset, size in ((0, 10), (200_000, 50), (5, 5), (299_990, 100), (300_000, 1)):
        assert shown.read(offset, size) == NOISE[offset : offset + size]


def test_what_tables_tell_is_kept_apart(store: Store, held: Held) -> None:
    open_packed(store, held).read_all()
    assert not list((store.root / "layers").iterdir())
    asked = len(held.registry.asked)
    again = open_packed(store, held)
    again.read_all()
    assert len(held.registry.asked) == asked + 2  # manifest and config
    assert not again.verified
    done = pull_packed(store, held)
    assert done.blobs_added == 4
    assert faults(store) == []
    assert open_packed(store, held).verified


def pull_packed(store: Store, held: Held) -> Any:
    """Copy it into the store."""
    return pull(store, held.registry, "team/packed:1")


def test_prune_takes_tables(tmp_path: Path, held: Held) -> None:
    first = Store.open(tmp_path / "shared")
    open_packed(first, held).read_all()
    first.close()
    other = Store.open(tmp_path / "shared")
    assert len(other.collect().leftovers) == 6  # tables, indexes, stacks
    other.close()


def test_a_layer_without_a_table_needs_all_blobs(
    store: Store, registry: FakeRegistry, kind: str
) -> None:
    plain = Packed(AGAIN, AGAIN, {})
    held = hold(registry, kind, [PACKERS[kind](RICH), plain])
    found = open_packed(store, held)
    assert found.verified
    found.read_all()
    assert held.sent == [len(layer.blob) for layer in held.layers]


def test_hashes_of_tables_are_never_shown_as_others(store: Store, held: Held) -> None:
    found = open_packed(store, held)
    found.read_all()
    assert [row.xxh3 for row in blame(found, b"etc/motd")] == [None, None]
    whole = open_packed(store, held, tables=False)
    whole.read_all()
    for a, b in ((found, whole), (whole, found)):
        with pytest.raises(NotComparable, match="its tables of contents"):
            compare(a, b)
    assert compare(found, found).files == ()


def test_what_comes_again_unchanged_is_known_by_its_hash(store: Store, held: Held) -> None:
    found = open_packed(store, held)
    found.read_all()
    marks = {row.entry.path: row.change for row in changes(found, 1, b"/")}
    assert marks[b"bin/sh"] is Change.MODIFIED
    assert marks[b"noise"] is Change.REMOVED
    stack = found.need_stack(1)
    assert (stack.tally.repeated, stack.tally.repeated_bytes) == (1, 7)


# Lies


def test_a_table_that_was_not_promised(store: Store, registry: FakeRegistry, kind: str) -> None:
    packed = PACKERS[kind](RICH)
    other = PACKERS[kind](AGAIN)
    key = next(key for key in packed.notes if key.endswith(("digest", "checksum")))
    packed.notes[key] = other.notes[key]
    held = hold(registry, kind, [packed])
    with pytest.raises(InvalidTable, match="its table of contents has the digest"):
        open_packed(store, held).read_all()
    assert pull_packed(store, held).blobs_added == 3


def test_one_blob_with_two_tables(store: Store, registry: FakeRegistry, kind: str) -> None:
    honest = hold(registry, kind, [PACKERS[kind](RICH)], "1")
    open_packed(store, honest).read_all()
    honest.layers[0].notes.update(
        {
            key: value.replace("1", "2")
            for key, value in honest.layers[0].notes.items()
            if value.startswith("sha256")
        }
    )
    lying = hold(registry, kind, honest.layers, "2")
    with pytest.raises(InvalidTable):
        open_packed(store, lying, "2").read_all()


def test_a_file_that_is_not_the_table_s(store: Store, registry: FakeRegistry, kind: str) -> None:
    packed = PACKERS[kind](RICH)
    held = hold(registry, kind, [packed])
    found = open_packed(store, held)
    found.read_all()
    damaged = bytearray(packed.blob)
    at = packed.blob.index(NOISE[100_000:100_020])
    damaged[at] ^= 1
    registry.blobs["team/packed"][digest_of(packed.blob)] = bytes(damaged)
    with pytest.raises(LayerscopeError):
        list(read_file(found, b"noise"))


@pytest.mark.parametrize("place", ["", "x", "1:2:3", "0:5:5:1", "99999999:5:5:1", "5:5:5:2"])
def test_places_that_are_none_are_no_tables(
    store: Store, registry: FakeRegistry, place: str
) -> None:
    packed = chunked(RICH)
    key = next(key for key in packed.notes if key.endswith("position"))
    packed.notes[key] = place
    found = open_packed(store, hold(registry, "chunked", [packed]))
    assert found.verified
    found.read_all()


def test_a_footer_that_is_missing(store: Store, registry: FakeRegistry) -> None:
    packed = estargz(RICH)
    cut = Packed(packed.blob.replace(b"STARGZ", b"STARGA"), packed.tar, packed.notes)
    with pytest.raises(InvalidTable, match="no footer of eStargz"):
        open_packed(store, hold(registry, "estargz", [cut])).read_all()


GOOD = {"type": "reg", "name": "a", "size": 3, "offset": 5, "digest": digest_of(b"abc")}


@pytest.mark.parametrize(
    "table",
    [
        b"",
        b"[]",
        b"{}",
        b'{"entries": 3}',
        b'{"entries": [3]}',
        b'{"entries": [{}]}',
        b"[" * 100_000,
        *(
            json.dumps({"entries": [GOOD | wrong]}).encode()
            for wrong in (
                {"type": "socket"},
                {"name": 3},
                {"name": "\ud800"},
                {"size": -1},
                {"size": "3"},
                {"size": 1 << 70},
                {"offset": -5},
                {"offset": 1000},
                {"offset": None},
                {"endOffset": 4},
                {"endOffset": 1001},
                {"innerOffset": -1},
                {"digest": ""},
                {"digest": "md5:0"},
                {"uid": -1},
                {"uid": 1 << 40},
                {"mode": "x"},
                {"modtime": "yesterday"},
                {"modtime": "2024-13-45T00:00:00Z"},
                {"xattrs": {"user.x": "%"}},
            )
        ),
    ],
    ids=range(27),
)
def test_tables_that_are_none(table: bytes) -> None:
    with pytest.raises(InvalidTable) as caught:
        parse_contents(table, 1000)
    assert "\n" not in str(caught.value)


def test_a_table_s_times() -> None:
    times = [
        "2001-09-09T01:46:40Z",
        "2001-09-09T01:46:40.5Z",
        "2001-09-09T03:46:40.000000001+02:00",
    ]
    listed = [GOOD | {"name": str(n), "modtime": text} for n, text in enumerate(times)]
    found = parse_contents(json.dumps({"entries": [*listed, GOOD]}).encode(), 1000).entries
    assert list(found.mtime) == [1_000_000_000] * 3 + [0]
    assert list(found.mtime_ns) == [0, 500_000_000, 1, 0]
