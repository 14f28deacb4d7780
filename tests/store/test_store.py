"""Opening a store: made where there is none, refused where there is something else."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from layerscope.errors import Cancelled, LayerscopeError
from layerscope.store.database import NewerStore, forking_strangers
from layerscope.store.disk import StoreFailure
from layerscope.store.layout import DATABASE, NoStore
from layerscope.store.store import Store
from tests.support.images import image
from tests.support.ordinary_user import as_ordinary_user
from tests.support.stores import faults, load, load_new


def test_a_new_store_is_an_empty_image_layout(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "deep" / "store")
    assert json.loads((store.root / "oci-layout").read_text()) == {"imageLayoutVersion": "1.0.0"}
    assert json.loads((store.root / "index.json").read_text())["manifests"] == []
    assert {"blobs", "layers", "containers", "volumes", "tmp"} <= set(os.listdir(store.root))
    assert store.images() == []
    assert faults(store) == []


def test_a_store_opened_again_has_what_it_had(store: Store) -> None:
    load_new(store)
    again = Store.open(store.root)
    assert again.images() == store.images()


def test_index_json_lists_names_and_nameless_images(store: Store) -> None:
    load_new(store, image("a:1", "ghcr.io/b:2"))
    load_new(store, image(note="nameless"))
    entries = json.loads((store.root / "index.json").read_text())["manifests"]
    named = {
        tuple(sorted(entry.get("annotations", {}).values())): entry["digest"] for entry in entries
    }
    assert set(named) == {
        (),
        ("a:1", "docker.io/library/a:1"),
        ("ghcr.io/b:2", "ghcr.io/b:2"),
    }


def test_index_json_is_finished_by_whoever_comes_next(store: Store) -> None:
    load_new(store)
    index = store.root / "index.json"
    right = index.read_bytes()
    with store.database.write() as tx:
        tx.execute("INSERT INTO meta VALUES ('index_stale', '1')")
    index.write_bytes(b"{}")
    Store.open(store.root)
    assert index.read_bytes() == right


def test_a_store_of_a_newer_version_is_refused(store: Store) -> None:
    store.close()
    with sqlite3.connect(store.root / "layerscope.db") as database:
        database.execute("PRAGMA user_version = 999")
    database.close()
    with pytest.raises(NewerStore, match="a newer layerscope made it"):
        Store.open(store.root)


def test_a_broken_database_is_one_line(store: Store) -> None:
    store.close()
    for file in store.root.glob("layerscope.db*"):
        file.write_bytes(b"nonsense " * 1000)
    with pytest.raises(StoreFailure, match="not a database") as caught:
        Store.open(store.root)
    assert f"load oci:{store.root}" in str(caught.value.hint)


def test_images_outlast_the_database(store: Store, tmp_path: Path) -> None:
    load_new(store)
    store.close()
    for file in store.root.glob("layerscope.db*"):
        file.unlink()
    with pytest.raises(NoStore) as caught:
        Store.open(store.root)
    assert f"load oci:{store.root}" in str(caught.value.hint)
    again = Store.open(tmp_path / "new")
    load(again, f"oci:{store.root}")
    assert again.resolve("example:1")


@pytest.mark.parametrize("name", ["thesis.txt", "src/main.c"])
def test_a_folder_of_other_things_is_left_alone(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    file.parent.mkdir(exist_ok=True)
    file.write_text("mine")
    with pytest.raises(NoStore, match="it is no store, and not empty"):
        Store.open(tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == [name.split("/")[0]]


def test_an_image_layout_of_somebody_else_is_left_alone(store: Store, tmp_path: Path) -> None:
    load_new(store)
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    data = (store.root / "index.json").read_bytes()
    (theirs / "index.json").write_bytes(data)
    with pytest.raises(NoStore):
        Store.open(theirs)
    assert (theirs / "index.json").read_bytes() == data


def test_a_file_is_no_store(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreFailure):
        Store.open(tmp_path / "file")
    with pytest.raises(StoreFailure):
        Store.open(tmp_path / "file" / "below")


def test_a_store_that_cannot_be_made_is_one_line() -> None:
    with pytest.raises(LayerscopeError) as caught:
        Store.open(Path("/proc/store"))
    assert "\n" not in str(caught.value)


def test_a_child_process_has_a_connection_of_its_own(store: Store) -> None:
    load_new(store)
    pid = os.fork()
    if not pid:
        try:
            store.tag("example:1", "child:1")
        finally:
            os._exit(0 if "child:1" in store.images()[0].names else 1)
    assert os.waitpid(pid, 0)[1] == 0
    store.tag("example:1", "parent:1")
    assert store.images()[0].names == ("child:1", "example:1", "parent:1")


def test_a_child_does_not_wait_for_threads_that_it_has_not(store: Store) -> None:
    """Whoever reads at the moment of the fork holds a lock that nobody in the child lets go of."""
    load_new(store)
    over = threading.Event()

    def read() -> None:
        while not over.is_set():
            store.images()

    threads = [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        assert [_child_lists_images(store) for _ in range(50)] == [0] * 50
    finally:
        over.set()
        for thread in threads:
            thread.join()


def _child_lists_images(store: Store) -> int:
    """The exit code of a child that asks; that of SIGALRM if it gets no answer."""
    pid = os.fork()
    if not pid:
        signal.alarm(20)
        os._exit(0 if store.images() else 1)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_a_child_that_never_asks_leaves_the_connection_to_its_parent(store: Store) -> None:
    load_new(store)
    with forking_strangers():
        pid = os.fork()
    if not pid:
        os.closerange(3, 1 << 16)  # as the first process of a container does
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
    with store.database.write(lasting=False):
        other = [sys.executable, "-c", _WRITES_AT_ONCE, str(store.root / DATABASE)]
        assert subprocess.run(other).returncode == 1  # the lock is still ours
    store.tag("example:1", "parent:1")
    assert Store.open(store.root).images()[0].names == ("example:1", "parent:1")


_WRITES_AT_ONCE = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], timeout=0, isolation_level=None)
try:
    connection.execute("BEGIN IMMEDIATE")
except sqlite3.OperationalError:
    sys.exit(1)
"""


def test_who_waits_for_another_process_hears_of_it_and_may_give_up(store: Store) -> None:
    load_new(store)
    waited: list[float] = []

    def hear(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 3:
            raise Cancelled

    with store.database.write(lasting=False):
        other = Store.open(store.root, hear)
        assert other.images() == store.images()  # readers don't wait
        with pytest.raises(Cancelled):
            other.tag("example:1", "other:1")
    assert waited == sorted(waited)
    assert waited[-1] < 2
    del waited[:]
    other.tag("example:1", "other:1")
    assert waited == []


def test_several_may_make_a_store_at_once(tmp_path: Path) -> None:
    for number in range(10):
        children = [_opening(tmp_path / str(number)) for _ in range(4)]
        assert [os.waitpid(child, 0)[1] for child in children] == [0] * 4


def _opening(root: Path) -> int:
    """A child that opens a store; it ends with 0 if it could."""
    child = os.fork()
    if not child:
        code = 1
        try:
            code = len(Store.open(root).images())
        finally:
            os._exit(code)
    return child


def test_listing_images_loads_no_heavy_module(store: Store) -> None:
    load_new(store)
    code = (
        "import sys, pathlib\n"
        "from layerscope.store.store import Store\n"
        f"assert Store.open(pathlib.Path({str(store.root)!r})).images()\n"
        "heavy = {'numpy', 'tarfile', 'shutil', 'tempfile', 'asyncio', 'xxhash', 'zstandard',\n"
        "         'isal', 'rapidgzip', 'concurrent.futures', 'rich', 'textual'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_store_that_may_not_be_written_is_one_line_with_a_hint(store: Store) -> None:
    load_new(store)
    store.tag("example:1", "other:1")
    store.close()
    for path in (*store.root.glob("layerscope.db*"), store.root):
        path.chmod(path.stat().st_mode & 0o555)

    def tag() -> None:
        with pytest.raises(StoreFailure) as caught:
            Store.open(store.root).tag("example:1", "mine:1")
        assert caught.value.hint
        assert "--root" in caught.value.hint

    assert as_ordinary_user(tag) == ""
