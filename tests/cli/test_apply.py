"""``apply --explain``: what file operations did to a writable layer, and what they cost."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.command import Cli

SAMPLE = Path(__file__).parents[2] / "sample_images" / "five-layers.docker.tar"
OPS = [
    {"op": "write", "path": "/out.txt", "data": "hello"},
    {"op": "append", "path": "/etc/passwd", "data": "x"},
    {"op": "unlink", "path": "/etc/passwd"},
    {"op": "rename", "path": "/out.txt", "to": "/new"},
    {"op": "link", "from": "/new", "to": "/l"},
    {"op": "write", "path": "/data/x", "data": "kept"},
    {"op": "unlink", "path": "/nothing"},
]
EXPLAINED = """\
0: write /out.txt: ok
   created /out.txt
   resized /out.txt (+5B)
1: append /etc/passwd: ok
   copied up /etc: metadata alone from layer 4
   copied up /etc/passwd: 60B of data from layer 0 (+60B)
   resized /etc/passwd (+1B)
2: unlink /etc/passwd: ok
   removed /etc/passwd (-61B)
   whited out /etc/passwd
3: rename /out.txt: ok
   moved /out.txt to /new
4: link /new: ok
   linked /l to /new
5: write /data/x: ok
   the layer is as large as before, and holds the same names
6: unlink /nothing: ENOENT
   the layer is as large as before, and holds the same names
6 of 7 operations done
"""


@pytest.fixture
def ops(cli: Cli, tmp_path: Path) -> str:
    """A file of operations; the container ``c`` has a volume at /data."""
    cli.ok("load", str(SAMPLE))
    cli.ok("create", "--name", "c", "-v", "/data", "example/five-layers")
    path = tmp_path / "ops.json"
    path.write_text(json.dumps(OPS))
    return str(path)


def test_in_words(cli: Cli, ops: str) -> None:
    outcome = cli("apply", "--explain", "c", ops)
    assert (outcome.code, outcome.out) == (0, EXPLAINED)


def test_the_deltas_are_the_layer_s_size(cli: Cli, ops: str) -> None:
    results = cli.ok("apply", "--explain", "c", ops)["results"]
    events = [event for result in results for event in result["events"]]
    (row,) = cli.ok("ps", "-a")
    assert sum(event["delta"] for event in events) == row["size_rw"] == 5
    assert [(one["path"], one["layer"]) for one in events if one["copied"]] == [("/etc/passwd", 0)]


def test_unasked_it_is_short(cli: Cli, ops: str) -> None:
    outcome = cli("apply", "c", ops)
    assert outcome.out == "6: unlink /nothing: ENOENT\n6 of 7 operations done\n"
