"""A full disk is one line, and nothing half-written is left to be seen."""

from __future__ import annotations

import os
import resource
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from layerscope.errors import LayerscopeError
from layerscope.store.disk import StoreFailure
from layerscope.store.reserve import RESERVE
from layerscope.store.store import Store
from layerscope.usecases.containers import Wanted, create, remove
from layerscope.usecases.opened import open_image
from tests.support.images import docker_members, image, write_tar
from tests.support.layers import file, tar
from tests.support.stores import faults, load, load_new

SIZE = 2 << 20
LARGE = image("large:1", layers=[tar([file("large", os.urandom(3 << 20))])])


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of two megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "none", str(folder)]
    if subprocess.run(words, capture_output=True, check=False).returncode:
        pytest.skip("a file system of its own cannot be mounted here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_load_that_does_not_fit(small_disk: Path, tmp_path: Path) -> None:
    store = Store.open(small_disk / "store")
    load_new(store, image("there:1"))
    archive = write_tar(tmp_path / "large.tar", docker_members(LARGE))
    with pytest.raises(StoreFailure, match="no space left") as caught:
        load(store, archive)
    assert caught.value.hint
    assert [one.names for one in store.images()] == [("there:1",)]
    assert faults(store) == []
    store.collect()
    assert store.find_garbage().size == 0
    store.tag("there:1", "still:1")
    store.close()


def test_a_disk_that_is_full_to_the_brim(small_disk: Path) -> None:
    store = Store.open(small_disk / "store")
    load_new(store, image("there:1"))
    _fill(small_disk)
    with pytest.raises(LayerscopeError) as caught:
        _tag_forever(store)
    assert "\n" not in str(caught.value)
    (small_disk / "filler").unlink()
    store.close()
    store = Store.open(small_disk / "store")
    assert faults(store) == []
    assert len(store.images()) == 1


def _fill(disk: Path) -> None:
    with (disk / "filler").open("ab", buffering=0) as filler:
        for size in (1 << 16, 1 << 10, 1):
            try:
                while filler.write(bytes(size)) == size:
                    pass
            except OSError:
                continue


@pytest.mark.parametrize("in_use", [False, True])
def test_removing_makes_room_on_a_full_disk(small_disk: Path, in_use: bool) -> None:
    store = Store.open(small_disk / "store")
    load_new(store, image("there:1"))
    load_new(store, image("other:1", layers=[tar([file("data", os.urandom(1 << 18))])]))
    container = create(store, "there:1", Wanted(name="mine"))
    if not in_use:
        store.close()
    _fill(small_disk)
    store = Store.open(small_disk / "store")
    remove(store, container.name)
    for name in ("other:1", "there:1"):
        store.remove_image(name)
    assert store.collect().size > 1 << 18
    assert store.images() == []
    assert faults(store) == []
    assert (store.root / RESERVE).stat().st_size == SIZE // 8  # ready for the next time
    load_new(store, image("again:1"))
    store.close()


def test_removing_works_while_somebody_else_takes_the_room_at_once(small_disk: Path) -> None:
    store = Store.open(small_disk / "store")
    for number in range(3):
        load_new(store, image(f"there:{number}", note=str(number)))
    _fill(small_disk)
    for number in range(3):
        store.remove_image(f"there:{number}")
        _fill(small_disk)
    assert store.collect().blobs
    assert store.images() == []
    assert faults(store) == []
    store.close()


def test_a_full_disk_is_read_and_what_is_looked_at_lies_elsewhere(
    small_disk: Path, tmp_path: Path
) -> None:
    """Also where there was no room for a reserve, nor for the files that processes share."""
    archive = write_tar(tmp_path / "large.tar", docker_members(LARGE))
    store = Store.open(small_disk / "store")
    load_new(store, image("there:1"))
    store.close()
    (store.root / RESERVE).unlink()
    _fill(small_disk)
    store = Store.open(small_disk / "store")
    assert [one.names for one in store.images()] == [("there:1",)]
    assert open_image("there:1", store).stack(0) is not None
    assert open_image(str(archive), store).stack(0) is not None
    with pytest.raises(StoreFailure, match="no space left on device") as caught:
        store.tag("there:1", "other:1")
    assert caught.value.hint
    store.close()


def test_a_reserve_is_made_where_there_is_plenty_of_room(store: Store) -> None:
    reserve = store.root / RESERVE
    assert reserve.stat().st_size == 1 << 20
    reserve.write_bytes(b"less")
    Store.open(store.root).close()
    assert reserve.stat().st_size == 1 << 20


def _tag_forever(store: Store) -> None:
    for number in range(2000):
        store.tag("there:1", f"name:{number}-{'x' * 100}")


def test_a_compressed_archive_whose_copy_does_not_fit(small_disk: Path, tmp_path: Path) -> None:
    import gzip

    plain = write_tar(tmp_path / "large.tar", docker_members(LARGE))
    (tmp_path / "large.tar.gz").write_bytes(gzip.compress(plain.read_bytes(), 1))
    store = Store.open(small_disk / "store")
    with pytest.raises(StoreFailure, match="no space left"):
        load(store, tmp_path / "large.tar.gz")
    assert faults(store) == []
    store.collect()
    assert store.find_garbage().size == 0
    store.close()


def test_files_that_may_not_grow(tmp_path: Path) -> None:
    """The same by a limit of the process, where nothing can be mounted."""
    archive = write_tar(tmp_path / "large.tar", docker_members(LARGE))
    Store.open(tmp_path / "store").close()
    child = os.fork()
    if not child:
        code = 1
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (SIZE, SIZE))
            load(Store.open(tmp_path / "store"), archive)
        except StoreFailure as error:
            code = 0 if "too large" in str(error) and error.hint else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert faults(Store.open(tmp_path / "store")) == []
