"""A store that cannot be written is read all the same, and images are looked at beside it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from layerscope.errors import LayerscopeError
from layerscope.sources.save import SaveFormat, save_images
from layerscope.store.disk import Unwritable
from layerscope.store.store import Store
from layerscope.tui.session import Session
from layerscope.usecases.containers import Wanted, create, diff
from layerscope.usecases.load import load
from layerscope.usecases.opened import OpenImage, open_image
from layerscope.usecases.store_overview import overview
from tests.support.images import docker_members, image, write_tar
from tests.support.ordinary_user import as_ordinary_user, their_directory
from tests.support.stores import faults, load_new


@contextmanager
def _closed_to_all(folder: Path) -> Iterator[None]:
    """Its owner, if he is an ordinary user, can write nothing in it."""
    every = [Path(top) / name for top, _, names in os.walk(folder) for name in ("", *names)]
    for path in every:
        path.chmod(path.stat().st_mode & 0o555)
    try:
        yield
    finally:
        for path in every:
            path.chmod(path.stat().st_mode | 0o200)


def _as_somebody(work: Callable[[Path], None]) -> None:
    """``work`` in a folder of his own, as an ordinary user, whose temporary files go there too."""
    with their_directory() as folder:

        def there() -> None:
            (folder / "tmp").mkdir()
            tempfile.tempdir = str(folder / "tmp")
            work(folder)

        assert as_ordinary_user(there) == ""


def _every_stack(opened: OpenImage) -> bool:
    return all(opened.stack(number) is not None for number in range(opened.layer_count))


@pytest.mark.parametrize("in_use", [False, True])
def test_all_that_only_reads_works(in_use: bool) -> None:
    def work(folder: Path) -> None:
        other = write_tar(folder / "other.tar", docker_members(image("other:1", note="other")))
        subprocess.run(["gzip", "-k", str(other)], check=True)
        made = Store.open(folder / "store")
        load_new(made)
        container = create(made, "example:1", Wanted(name="mine"))
        if not in_use:
            made.close()
        with _closed_to_all(folder / "store"):
            before = set((folder / "store").rglob("*"))
            store = Store.open(folder / "store")
            assert [one.names for one in store.images()] == [("example:1",)]
            assert not diff(store, container.name).changes
            assert overview(store).rubbish == 0
            assert faults(store) == []
            for target in ("example:1", str(other), f"{other}.gz", "mine"):
                assert _every_stack(open_image(target, store))
            save_images(store, ["example:1"], folder / "out.tar", SaveFormat.OCI_ARCHIVE)
            assert (folder / "out.tar").exists()
            assert set((folder / "store").rglob("*")) == before

    _as_somebody(work)


def test_what_writes_is_one_line_with_a_hint() -> None:
    def work(folder: Path) -> None:
        other = write_tar(folder / "other.tar", docker_members(image("other:1")))
        made = Store.open(folder / "store")
        load_new(made)
        made.close()
        with _closed_to_all(folder / "store"):
            store = Store.open(folder / "store")
            writers: list[Callable[[], object]] = [
                lambda: load(store, str(other)),
                lambda: store.tag("example:1", "mine:1"),
                lambda: store.remove_image("example:1"),
                store.collect,
                lambda: store.blobs.put(b"data", store.hold()),
            ]
            for write in writers:
                with pytest.raises(Unwritable, match="permission denied") as caught:
                    write()
                assert caught.value.hint
                assert "--root" in caught.value.hint
            assert [one.names for one in store.images()] == [("example:1",)]

    _as_somebody(work)


@pytest.mark.parametrize("below", ["", "not/there"])
def test_where_no_store_can_be_made_there_is_an_empty_one(below: str) -> None:
    def work(folder: Path) -> None:
        archive = write_tar(folder / "other.tar", docker_members(image("other:1")))
        (folder / "root").mkdir()
        with _closed_to_all(folder / "root"):
            store = Store.open(folder / "root" / below)
            assert store.images() == []
            assert overview(store).images == ()
            assert _every_stack(open_image(str(archive), store))
            with pytest.raises(Unwritable, match="permission denied") as caught:
                load(store, str(archive))
            assert str(folder / "root" / below) in str(caught.value)
            assert not list((folder / "root").iterdir())

    _as_somebody(work)


def test_a_store_that_cannot_be_read_is_not_an_empty_one() -> None:
    def work(folder: Path) -> None:
        Store.open(folder / "store").close()
        (folder / "store").chmod(0)
        try:
            with pytest.raises(LayerscopeError, match="permission denied"):
                Store.open(folder / "store")
        finally:
            (folder / "store").chmod(0o700)

    _as_somebody(work)


async def test_the_explorer_and_its_reader_share_a_folder_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = write_tar(tmp_path / "other.tar", docker_members(image("other:1")))
    monkeypatch.setattr(Store, "is_writable", False)
    session = Session(tmp_path / "store")
    opened = session.open(str(archive))
    events = [event["event"] async for event in session.reader(str(archive)).events()]
    assert events[-1] == "done"
    assert _every_stack(opened)
    assert not list((tmp_path / "store" / "layers").iterdir())


def test_the_folder_beside_it_goes_at_the_end_of_its_process(tmp_path: Path) -> None:
    archive = write_tar(tmp_path / "other.tar", docker_members(image("other:1")))
    (tmp_path / "tmp").mkdir()
    words = f"""
import os, pathlib, sys
from layerscope.store.disk import Unwritable
from layerscope.store.store import Store
from layerscope.usecases.opened import open_image
def refuse(store):
    raise Unwritable("store", "read-only file system")
Store.check_writable = refuse
store = Store.open(pathlib.Path({str(tmp_path / "store")!r}))
open_image({str(archive)!r}, store)
if not os.fork():
    sys.exit()
os.wait()
print(store.scratch_folder, store.scratch_folder.exists())
if sys.argv[1:] == ["killed"]:
    os.kill(os.getpid(), 9)
"""
    environment = {**os.environ, "TMPDIR": str(tmp_path / "tmp")}

    def folder(*killed: str) -> Path:
        """Where it was while the process ran."""
        call = [sys.executable, "-c", words, *killed]
        said = subprocess.run(call, env=environment, stdout=subprocess.PIPE, text=True, check=False)
        name, was_there = said.stdout.split()
        assert was_there == "True"
        return Path(name)

    assert not folder().exists()
    left = folder("killed")
    assert left.exists()
    assert left.parent.parent == tmp_path / "tmp"
    assert not folder().exists()
    assert not left.exists()  # the next takes what a killed one left
    assert not list((tmp_path / "store" / "layers").iterdir())
