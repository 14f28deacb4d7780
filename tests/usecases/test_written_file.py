"""A container's file beside the image's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from layerscope.containers.files import look
from layerscope.containers.shelf import find_container
from layerscope.store.store import Store
from layerscope.usecases.containers import Wanted, apply, create
from layerscope.usecases.written_file import WrittenFile
from tests.support.images import image
from tests.support.layers import file, tar
from tests.support.stores import load_new

LINES = b"".join(b"line %d\n" % number for number in range(40))
BINARY = bytes(range(256)) * 8192


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store.open(tmp_path / "store")
    files = [file("text", LINES), file("data", BINARY), file("gone", b"was here")]
    load_new(store, image("a:1", layers=[tar(files)]))
    create(store, "a:1", Wanted(name="c"))
    yield store
    store.close()


def opened(store: Store, path: bytes) -> WrittenFile:
    return WrittenFile(look(store, find_container(store, "c")), path)


def differences(store: Store, path: bytes) -> list[str]:
    with opened(store, path) as file:
        return [f"{line.sign}{line.text.decode()}" for line in file.differences()]


def test_lines_that_changed_stand_among_their_neighbours(store: Store) -> None:
    changed = LINES.replace(b"line 20\n", b"another\n")
    apply(store, "c", [{"op": "write", "path": "/text", "data": changed.decode()}])
    assert differences(store, b"text") == [
        "@lines 18 to 24",
        " line 17",
        " line 18",
        " line 19",
        "-line 20",
        "+another",
        " line 21",
        " line 22",
        " line 23",
    ]


def test_bytes_that_changed_are_told_by_their_place(store: Store) -> None:
    ops = [{"op": "pwrite", "path": "/data", "offset": 1_500_000, "data": "XY"}]
    apply(store, "c", ops)
    assert differences(store, b"data") == [
        "@2 of 2097152 bytes differ",
        "@2 bytes from 1500000",
        f"-{BINARY[1_500_000:1_500_002].hex(' ')}",
        "+58 59",
    ]


def test_a_file_that_has_one_version_only(store: Store) -> None:
    ops = [{"op": "write", "path": "/new", "data": "new"}, {"op": "unlink", "path": "/gone"}]
    apply(store, "c", ops)
    with opened(store, b"new") as file:
        assert file.below is None
        assert file.now is not None
        assert (file.now.size, file.now.read(1, 9)) == (3, b"ew")
        assert file.differences() == []
    with opened(store, b"gone") as file:
        assert file.now is None
        assert file.below is not None
        assert file.below.read(0, 99) == b"was here"


def test_what_is_no_file_has_no_content(store: Store) -> None:
    apply(store, "c", [{"op": "symlink", "path": "/link", "target": "/etc/passwd"}])
    with opened(store, b"link") as file:
        assert (file.now, file.below) == (None, None)
