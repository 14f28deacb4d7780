"""Docker's story of images, containers and copy-on-write, told with real processes: points 3 to 6
of it, to the byte. As root in root's namespaces, as anybody else in a user namespace."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.processes import HELLO, LOWER, need_processes, write_images
from tests.support.program import Layerscope
from tests.support.stores import files

IMAGE = "acme/my-final-image:1.0"
NAMES = [f"my_container_{number}" for number in range(1, 6)]
TABLE = ("ps", "--size", "--format", "table {{.ID}}\t{{.Image}}\t{{.Names}}\t{{.Size}}")


@pytest.fixture(scope="module")
def layerscope(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Layerscope]:
    """The command line on a store with both images and five containers that run."""
    need_processes()
    folder = tmp_path_factory.mktemp("walkthrough")
    archive = write_images(folder / "images.tar")
    layerscope = Layerscope(folder / "store")
    for name in ("acme/my-base-image:1.0", IMAGE):
        layerscope("load", f"docker-archive:{archive}:{name}")
    for name in NAMES:
        layerscope("run", "-d", "--name", name, IMAGE, "sleep", "1000")
    yield layerscope
    layerscope("rm", "-f", "-v", *[row["name"] for row in layerscope.json("ps", "-a")])


def sizes(layerscope: Layerscope) -> dict[str, tuple[int, int]]:
    """Bytes of the writable layer and with the image's, by name."""
    rows = layerscope.json("ps", "-a", "-s")
    return {row["name"]: (row["size_rw"], row["size_root_fs"]) for row in rows}


def image_size(layerscope: Layerscope) -> int:
    (size,) = (row["size"] for row in layerscope.json("images") if IMAGE in row["names"])
    return int(size)


def test_the_story(layerscope: Layerscope) -> None:
    virtual = image_size(layerscope)
    blobs = files(layerscope.store / "blobs")
    assert sizes(layerscope) == dict.fromkeys(NAMES, (0, virtual))
    for name in NAMES[:3]:
        layerscope("exec", name, "sh", "-c", "printf hello > /out.txt")
    written = dict.fromkeys(NAMES[:3], (5, virtual + 5)) | dict.fromkeys(NAMES[3:], (0, virtual))
    assert sizes(layerscope) == written
    shown = layerscope(*TABLE).splitlines()
    assert shown[0].split() == ["CONTAINER", "ID", "IMAGE", "NAMES", "SIZE"]
    assert sorted(line.split()[2:4] for line in shown[1:]) == [
        *([name, "5B"] for name in NAMES[:3]),
        *([name, "0B"] for name in NAMES[3:]),
    ]
    assert all(IMAGE in line and "(virtual " in line for line in shown[1:])
    # The image's layers are untouched and stored once.
    assert files(layerscope.store / "blobs") == blobs
    assert layerscope.json("diff", NAMES[0]) == [
        {"kind": "A", "path": "/data", "size": 0, "copied_up": False, "from_layer": None},
        {"kind": "A", "path": "/out.txt", "size": 5, "copied_up": False, "from_layer": None},
    ]


def test_copy_up(layerscope: Layerscope) -> None:
    """The whole file however small the write; files that are only read are never copied."""
    name, virtual = "copies_up", image_size(layerscope)
    layerscope("run", "-d", "--name", name, IMAGE, "sleep", "1000")
    layerscope("exec", name, "wc", "-c", "/var/lib/db")
    assert sizes(layerscope)[name] == (0, virtual)
    script = "printf X | dd of=/var/lib/db bs=1 seek=7 conv=notrunc"
    layerscope("exec", name, "sh", "-c", script)
    assert sizes(layerscope)[name] == (len(LOWER), virtual + len(LOWER))
    changes = {row["path"]: row for row in layerscope.json("diff", name)}
    assert changes["/var/lib/db"] == {
        "kind": "C",
        "path": "/var/lib/db",
        "size": len(LOWER),
        "copied_up": True,
        "from_layer": 0,
    }
    assert layerscope("exec", name, "sh", "-c", "head -c 8 /var/lib/db | tail -c 1") == "X"
    layerscope("exec", name, "chmod", "755", "/app/hello.sh")
    assert sizes(layerscope)[name][0] == len(LOWER) + len(HELLO)
    assert "/app/hello.sh" not in {row["path"] for row in layerscope.json("diff", name)}
    layerscope("rm", "-f", "-v", name)


def test_a_sixth_costs_nothing(layerscope: Layerscope) -> None:
    before = files(layerscope.store / "blobs") | files(layerscope.store / "layers")
    started = time.monotonic()
    layerscope("run", "-d", "--name", "my_container_6", IMAGE, "sleep", "1000")
    assert time.monotonic() - started < 30
    assert sizes(layerscope)["my_container_6"][0] == 0
    assert files(layerscope.store / "blobs") | files(layerscope.store / "layers") == before
    (row,) = layerscope.json("inspect", "my_container_6")
    upper = Path(row["upper"])
    assert [path.name for path in upper.iterdir()] == ["data"]  # a volume's mount point
    layerscope("rm", "-f", "my_container_6")
    assert not upper.exists()


def test_what_is_in_a_volume_stays(layerscope: Layerscope) -> None:
    virtual = image_size(layerscope)
    for name in ("writer", "reader"):
        words = ("run", "-d", "--name", name, "-v", "kept:/data", IMAGE, "sleep", "1000")
        layerscope(*words)
    layerscope("exec", "writer", "sh", "-c", "yes | head -c 100000 > /data/rows; echo logged")
    assert sizes(layerscope)["writer"] == (0, virtual)
    assert layerscope("exec", "reader", "wc", "-c", "/data/rows").split()[0] == "100000"
    layerscope("rm", "-f", "writer")
    layerscope("rm", "-f", "reader")
    (volume,) = layerscope.json("volume", "inspect", "kept")
    assert (volume["size"], volume["containers"]) == (100000, [])
    layerscope("volume", "rm", "kept")


def test_a_log_costs_no_layer(layerscope: Layerscope) -> None:
    layerscope("run", "-d", "--name", "talks", IMAGE, "sh", "-c", "seq 10000; echo done >&2")
    assert layerscope("wait", "talks") == "0\n"
    assert sizes(layerscope)["talks"][0] == 0
    assert layerscope("logs", "talks").splitlines() == [str(n) for n in range(1, 10001)]
    layerscope("rm", "-v", "talks")


def test_the_story_through_the_engine(tmp_path: Path) -> None:
    """The same figures without a process."""
    layerscope = Layerscope(tmp_path / "store")
    need_processes()
    layerscope("load", f"docker-archive:{write_images(tmp_path / 'images.tar')}:{IMAGE}")
    virtual = image_size(layerscope)
    for name in NAMES:
        layerscope("create", "--name", name, IMAGE)
    write: list[dict[str, Any]] = [{"op": "write", "path": "/out.txt", "data": "hello"}]
    for name in NAMES[:3]:
        (tmp_path / "ops").write_text(str(write).replace("'", '"'))
        layerscope("apply", name, str(tmp_path / "ops"))
    assert [sizes(layerscope)[name] for name in NAMES] == [(5, virtual + 5)] * 3 + [
        (0, virtual)
    ] * 2
    assert os.listdir(layerscope.store / "containers")
