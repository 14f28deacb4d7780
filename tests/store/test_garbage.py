"""What nothing refers to goes; what anybody has in hand stays."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from layerscope.oci.digest import Digest
from layerscope.store import garbage
from layerscope.store.garbage import Garbage
from layerscope.store.store import Store
from tests.support.images import BASE, TOP, image
from tests.support.stores import faults, files, load_new

DATA = b"content that nothing refers to"
DIGEST = Digest.of(DATA)


def put(store: Store) -> None:
    with store.hold() as hand:
        store.blobs.put(DATA, hand)


def blobs(found: Garbage) -> set[str]:
    return {item.path.name for item in found.blobs}


def test_an_empty_store_has_no_garbage(store: Store) -> None:
    assert store.find_garbage() == store.collect() == Garbage((), (), (), ())


def test_a_loose_blob_is_found_and_taken(store: Store) -> None:
    put(store)
    found = store.find_garbage()
    assert blobs(found) == {DIGEST.hex}
    assert found.size == len(DATA)
    assert store.blobs.has(DIGEST)
    assert store.collect() == found
    assert not store.blobs.has(DIGEST)
    assert store.find_garbage().size == 0


def test_what_images_refer_to_stays(store: Store) -> None:
    load_new(store)
    before = files(store.root)
    put(store)
    store.collect()
    assert files(store.root) == before
    assert faults(store) == []


def test_only_what_is_not_shared_goes_with_an_image(store: Store) -> None:
    load_new(store, image("base:1", layers=[BASE]))
    load_new(store, image("top:1"))
    store.remove_image("top:1")
    taken = store.collect()
    assert Digest.of(TOP).hex in blobs(taken)
    assert len(taken.blobs) == 3
    assert [item.path.name for item in taken.layers] == [Digest.of(TOP).hex]
    assert store.blobs.has(Digest.of(BASE))
    assert faults(store) == []


def test_after_removing_everything_nothing_is_left(store: Store) -> None:
    before = files(store.root)
    load_new(store)
    store.remove_image("example:1")
    store.collect()
    assert files(store.root) == before
    assert not list((store.root / "layers").iterdir())
    assert store.database.rows("SELECT * FROM layers") == []
    assert store.database.rows("SELECT * FROM layer_blobs") == []


def test_images_without_a_name_go(store: Store) -> None:
    loaded = load_new(store, image()).image
    assert store.find_garbage().images == (loaded.id,)
    assert store.collect().images == (loaded.id,)
    assert store.images() == []
    assert faults(store) == []


def test_nameless_images_that_others_were_made_from_stay(store: Store) -> None:
    base = load_new(store, image(layers=[BASE])).image
    top = load_new(store, image("top:1")).image
    store.add_image(store.blobs.read(top.manifest.digest), parent=base.id)
    assert store.collect() == Garbage((), (), (), ())


def test_what_other_rooms_keep_stays(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(garbage, "KEPT_DIGESTS", (f"SELECT '{DIGEST}'",))
    put(store)
    assert store.collect().blobs == ()


def test_what_is_in_hand_stays_until_the_hand_is_closed(store: Store) -> None:
    other = Store.open(store.root)
    with store.hold() as hand:
        hand.pin(DIGEST)
        put(store)
        assert other.collect().blobs == ()
        assert store.collect().blobs == ()
    assert blobs(other.collect()) == {DIGEST.hex}


def test_what_is_spared_stays_and_with_an_image_all_that_it_needs(store: Store) -> None:
    load_new(store, image("top:1"))
    top = store.images()[0]
    put(store)
    (store.root / "tmp" / "left").write_bytes(b"x")
    store.spool_file("key").write_bytes(b"y")
    with store.database.write() as tx:
        tx.execute("DELETE FROM names")
    found = store.find_garbage()
    assert found.images == (top.id,)
    spared = frozenset((str(top.id),))
    pins = {item.pin for item in store.find_garbage(spared).leftovers}
    assert pins == {"spool:key", str(store.root / "tmp" / "left")}
    assert blobs(store.collect(spared)) == {DIGEST.hex}
    assert [one.id for one in store.images()] == [top.id]
    manifest = store.manifest(top)
    assert all(store.blobs.has(layer.digest) for layer in manifest.layers)
    assert len(store.collect().blobs) == len(manifest.layers) + 2


def test_each_kind_is_spared_by_its_pin(store: Store) -> None:
    put(store)
    store.layer_dir(Digest.of(b"layer")).mkdir()
    (store.root / "tmp" / "left").write_bytes(b"x")
    store.spool_file("key").write_bytes(b"y")
    found = store.find_garbage()
    every = [*found.blobs, *found.layers, *found.leftovers]
    assert len(every) == 4
    for item in every:
        assert item.pin is not None
        others = store.find_garbage(frozenset((item.pin,)))
        assert {*every} - {*others.blobs, *others.layers, *others.leftovers} == {item}
    pins = frozenset(item.pin for item in every if item.pin)
    assert store.collect(pins) == Garbage((), (), (), ())
    assert all(item.path.exists() for item in every)


def test_an_open_store_keeps_what_it_is_told_to(store: Store) -> None:
    folder = store.layer_dir(DIGEST)
    folder.mkdir()
    (folder / "index").write_bytes(b"x" * 10)
    store.spool_file("key").write_bytes(b"y")
    store.keep(DIGEST, "spool:key")
    other = Store.open(store.root)
    assert other.collect() == Garbage((), (), (), ())
    store.close()
    taken = other.collect()
    assert [item.size for item in (*taken.layers, *taken.leftovers)] == [10, 1]
    assert not folder.exists()


def test_temporary_files_of_a_living_process_stay(store: Store) -> None:
    with store.hold() as hand:
        file = hand.temporary()
        file.write_bytes(DATA)
        assert Store.open(store.root).collect().leftovers == ()
        assert file.exists()
    assert not file.exists()


_HOLDER = """
import pathlib, sys, time
from layerscope.oci.digest import Digest
from layerscope.store.store import Store
store = Store.open(pathlib.Path(sys.argv[1]))
hand = store.hold()
hand.pin(Digest.parse(sys.argv[2]))
hand.temporary().write_bytes(b"half")
print(flush=True)
time.sleep(60)
"""


def test_what_a_killed_process_had_in_hand_goes(store: Store) -> None:
    words = [sys.executable, "-c", _HOLDER, str(store.root), str(DIGEST)]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        put(store)
        assert store.find_garbage().size == 0
        assert store.collect().size == 0
        holder.send_signal(signal.SIGKILL)
    assert store.find_garbage().size == len(DATA) + 4
    taken = store.collect()
    assert (blobs(taken), len(taken.leftovers)) == ({DIGEST.hex}, 1)
    assert store.database.rows("SELECT * FROM pins") == []
    assert [path.name for path in (store.root / "tmp").iterdir()] == ["spool"]


def test_half_written_caches_of_dead_processes_go(store: Store) -> None:
    loaded = load_new(store).image
    folder = store.layer_dir(loaded.layers[0].diff_id)
    mine = folder / f".index.{os.getpid()}.7f"
    with subprocess.Popen(["true"]) as gone:
        pass
    theirs = folder / f".index.{gone.pid}.7f"
    for file in (mine, theirs):
        file.write_bytes(b"half")
    assert [item.path for item in store.collect().leftovers] == [theirs]
    assert mine.exists()


@pytest.mark.parametrize("mode", [0o000, 0o500])
def test_trees_that_forbid_it_are_removed_too(store: Store, mode: int) -> None:
    tree = store.layer_dir(DIGEST) / "tree" / "closed"
    tree.mkdir(parents=True)
    (tree / "file").write_bytes(DATA)
    (tree / "link").symlink_to("/etc")
    tree.chmod(mode)
    taken = store.collect()
    assert len(taken.layers) == 1
    assert not store.layer_dir(DIGEST).exists()
    assert Path("/etc").is_dir()
    assert not list((store.root / "tmp").glob("hand-*"))


def test_what_a_process_kept_is_let_go_at_its_end(store: Store) -> None:
    code = (
        "import os, pathlib, sys\n"
        "from layerscope.store.store import Store\n"
        "store = Store.open(pathlib.Path(sys.argv[1]))\n"
        "store.keep('spool:key')\n"
        "if not os.fork():\n"
        "    sys.exit()\n"
        "os.wait()\n"
        "assert store.database.rows('SELECT item FROM pins') == [('spool:key',)]\n"
        "assert list(store.root.glob('tmp/hand-*'))\n"
    )
    subprocess.run([sys.executable, "-c", code, str(store.root)], check=True)
    assert store.database.rows("SELECT * FROM pins") == []
    assert not list(store.root.glob("tmp/hand-*"))
