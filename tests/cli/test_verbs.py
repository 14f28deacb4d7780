"""What the verbs say of the sample images, key by key as the command line's contract has it."""

from __future__ import annotations

import io
import json
import tarfile
from collections import Counter
from pathlib import Path

import pytest

from tests.support.command import Cli, run

FIVE = "sample_images/five-layers.docker.tar"
WASTEFUL = "sample_images/wasteful.docker.tar"
CODECS = "sample_images/mixed-codecs.oci.tar"
PAIR = "sample_images/shared-base.docker.tar"


def test_load_tells_what_came_and_what_was_there(cli: Cli) -> None:
    first = cli.ok("load", FIVE, "-t", "five:1")
    assert list(first) == ["id", "names", "layers", "blobs_added", "bytes_added", "blobs_shared"]
    assert (first["names"], first["layers"], first["blobs_shared"]) == (["five:1"], 5, 0)
    again = cli.ok("load", FIVE, "-t", "other")
    assert (again["blobs_added"], again["bytes_added"]) == (0, 0)
    assert again["names"] == ["five:1", "other:latest"]


def test_images_and_inspect(cli: Cli) -> None:
    loaded = cli.ok("load", WASTEFUL, "-t", "w:1")
    (image,) = cli.ok("images")
    keys = ["id", "names", "created", "size", "shared_size", "unique_size", "containers"]
    assert list(image) == keys
    assert image["id"] == loaded["id"]
    assert image["size"] == image["unique_size"] == cli.ok("analyze", "w:1")["size"]
    assert cli("images", "-q").out.strip() == loaded["id"][7:19]
    assert cli("images", "-q", "--no-trunc").out.strip() == loaded["id"]
    (known,) = cli.ok("inspect", "w:1")
    assert (known["kind"], known["id"]) == ("image", loaded["id"])


def test_layers_add_up(cli: Cli) -> None:
    rows = cli.ok("layers", FIVE)
    assert [row["index"] for row in rows] == [0, 1, 2, 3, 4]
    assert set(rows[0]) == {
        *("index", "digest", "diff_id", "media_type", "created_by", "blob_size", "size", "files"),
        *("added", "modified", "removed", "added_bytes", "modified_bytes", "removed_bytes"),
        *("wasted_bytes", "verified"),
    }
    assert sum(row["wasted_bytes"] for row in rows) == cli.ok("analyze", FIVE)["hidden_bytes"]


@pytest.mark.parametrize("target", [FIVE, f"docker-archive:{FIVE}", CODECS])
def test_the_first_tree_is_the_first_layers_changes(cli: Cli, target: str) -> None:
    first = cli.ok("tree", target, "--layer", "0")
    changes = cli.ok("tree", target, "--changes", "0")
    assert [row["path"] for row in first] == [row["path"] for row in changes]
    assert {row["change"] for row in changes} == {"A"}
    keys = ["path", "kind", "size", "mode", "uid", "gid", "mtime", "link", "layer", "change"]
    assert list(first[0]) == keys


def test_tree_starts_at_a_path_and_escapes_names_for_people(cli: Cli) -> None:
    rows = cli.ok("tree", FIVE, "/app/names")
    assert all(row["path"].startswith("/app/names") for row in rows)
    told = cli("tree", FIVE, "/app/names").out
    assert "\x1b" not in told
    assert "\\x1b[31mred" in told
    assert "\\xff" in told


def test_removed_paths_are_changes_and_no_files(cli: Cli) -> None:
    gone = {row["path"] for row in cli.ok("tree", FIVE, "--changes", "4") if row["change"] == "D"}
    there = {row["path"] for row in cli.ok("tree", FIVE)}
    assert gone
    assert not gone & there


def test_what_a_layer_removed_is_told_with_the_bytes_that_were_there(cli: Cli) -> None:
    lines = cli("tree", FIVE, "--changes", "4", "--bytes").out.splitlines()
    sizes = {line.split()[5]: int(line.split()[3]) for line in lines if line.startswith("D")}
    assert sizes["/usr/bin/perl"] == 0  # a hard link: another name of a file that stays
    assert sizes["/usr/share/doc/base"] == 10_000  # of all that was in it
    (layer,) = (row for row in cli.ok("layers", FIVE) if row["index"] == 4)
    tops = (size for path, size in sizes.items() if path.rpartition("/")[0] not in sizes)
    assert sum(tops) == layer["removed_bytes"]


def test_cp_of_a_file(cli: Cli, tmp_path: Path) -> None:
    size = next(r["size"] for r in cli.ok("tree", CODECS) if r["kind"] == "file" and r["size"])
    path = next(r["path"] for r in cli.ok("tree", CODECS) if r["kind"] == "file" and r["size"])
    assert cli("cp", f"{CODECS}:{path}", str(tmp_path / "out")).code == 0
    assert (tmp_path / "out").stat().st_size == size
    assert cli("cp", f"{CODECS}:{path}", str(tmp_path)).code == 0
    assert (tmp_path / Path(path).name).read_bytes() == (tmp_path / "out").read_bytes()


def test_cp_of_a_folder_keeps_what_is_in_it(cli: Cli, tmp_path: Path) -> None:
    assert cli("cp", f"{FIVE}:/etc", str(tmp_path)).code == 0
    told = {
        row["path"][1:]: row["mode"]
        for row in cli.ok("tree", FIVE, "/etc")
        if row["kind"] == "file"
    }
    for path, mode in told.items():
        assert (tmp_path / path).stat().st_mode & 0o777 == int(mode, 8) & 0o777


def test_what_is_no_file_has_no_content(cli: Cli) -> None:
    for path in ("/app", "/dev/null", "/app/loop-a"):
        outcome = cli("cat", FIVE, path)
        assert outcome.code == 1
        assert len(outcome.err.splitlines()) == 1


def test_blame_names_every_layer_that_touched_a_path(cli: Cli) -> None:
    rows = cli.ok("blame", FIVE, "/app/main.py")
    assert [row["layer"] for row in rows] == [2, 3]
    assert list(rows[0]) == ["layer", "change", "size", "mode", "xxh3", "created_by"]
    assert [row["change"] for row in rows] == ["A", "C"]


def test_check_tells_each_rule(cli: Cli) -> None:
    outcome = cli("check", WASTEFUL, "--json", "--highestWastedBytes", "1MB")
    assert outcome.code == 1
    assert outcome.document["passed"] is False
    assert [list(rule) for rule in outcome.document["rules"]] == [
        ["name", "passed", "limit", "value"]
    ] * 3
    assert [rule["passed"] for rule in outcome.document["rules"]] == [False, True, False]


def test_analyze_tells_paths_with_their_layers(cli: Cli) -> None:
    found = cli.ok("analyze", WASTEFUL)
    assert list(found) == [
        *("size", "efficiency", "wasted_bytes", "user_bytes", "wasted_user_percent"),
        *("hidden_bytes", "waste", "notes"),
    ]
    assert sum(waste["bytes"] for waste in found["waste"]) == found["wasted_bytes"]
    assert found["waste"] == sorted(found["waste"], key=lambda w: (-w["bytes"], w["path"]))


def test_compare_two_images_on_one_base(cli: Cli) -> None:
    with tarfile.open(PAIR) as archive:
        member = archive.extractfile("manifest.json")
        assert member is not None
        names = [image["RepoTags"][0] for image in json.load(member)]
    a, b = (f"docker-archive:{PAIR}:{name}" for name in names)
    found = cli.ok("compare", a, b)
    assert set(found) == {
        *("shared_layers", "shared_bytes", "layers_only_a", "layers_only_b", "files", "config")
    }
    assert found["shared_layers"]
    assert {file["change"] for file in found["files"]} <= {"A", "C", "D"}
    same = cli.ok("compare", a, a)
    assert (same["files"], same["config"], same["layers_only_a"]) == ([], [], [])


def test_names_come_and_go(cli: Cli) -> None:
    cli.ok("load", FIVE, "-t", "five:1")
    cli.ok("tag", "five:1", "again")
    assert cli.ok("rmi", "five:1") == {"untagged": ["five:1"], "deleted": []}
    removed = cli.ok("rmi", "again")
    assert removed["untagged"] == ["again:latest"]
    assert len(removed["deleted"]) == 1
    would = cli.ok("prune", "--dry-run")
    done = cli.ok("prune")
    assert would == done
    assert done["blobs"] == 7
    assert cli.ok("prune")["bytes_freed"] == 0
    assert cli.ok("fsck")["clean"]


def test_what_pruning_would_take_is_said_in_words(cli: Cli) -> None:
    cli.ok("load", FIVE, "-t", "five:1")
    assert run("layers", WASTEFUL, root=cli.root).returncode == 0  # and lets go of them
    cli.ok("rmi", "five:1")
    lines = cli("prune", "--dry-run").out.splitlines()
    assert lines[0].split() == ["SIZE", "WHAT", "NAME"]
    words = Counter(line[10:].rpartition("   ")[0].strip() for line in lines[1:-1])
    assert words == {
        "blob that no image has": 7,
        "index of a layer that no image has": 5,
        "index of a layer looked at; it is read again next time": 7,
    }
    assert "7 blobs, 12 layers" in lines[-1]


def test_a_removal_that_fails_does_not_stop_the_others(cli: Cli) -> None:
    cli.ok("load", FIVE, "-t", "five:1")
    outcome = cli("rmi", "nothing", "five:1")
    assert outcome.code == 1
    assert outcome.out.startswith("Untagged: five:1\nDeleted: sha256:")
    assert "nothing" in outcome.err


@pytest.mark.parametrize("form", ["docker-archive", "oci-archive"])
def test_what_is_saved_is_loaded_again(cli: Cli, tmp_path: Path, form: str) -> None:
    loaded = cli.ok("load", CODECS, "-t", "codecs:1")
    out = tmp_path / "out.tar"
    assert cli("save", "codecs:1", "-o", str(out), "--format", form).code == 0
    before = cli.ok("tree", "codecs:1")
    again = cli.ok("load", str(out))
    assert again["id"] == loaded["id"]
    assert form == "docker-archive" or again["blobs_added"] == 0  # that form has plain layers
    assert cli.ok("tree", f"{form}:{out}") == before


def test_a_damaged_blob_is_found(cli: Cli) -> None:
    cli.ok("load", FIVE, "-t", "five:1")
    blob = max((cli.root / "blobs" / "sha256").iterdir(), key=lambda path: path.stat().st_size)
    data = bytearray(blob.read_bytes())
    data[1000] ^= 1
    blob.chmod(0o644)
    blob.write_bytes(bytes(data))
    outcome = cli("fsck", "--json")
    assert outcome.code == 1
    assert outcome.document["faults"]


def test_a_bare_tar_is_one_layer(cli: Cli, tmp_path: Path) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        info = tarfile.TarInfo("a/b")
        info.size = 3
        tar.addfile(info, io.BytesIO(b"abc"))
    (tmp_path / "root.tar").write_bytes(out.getvalue())
    rows = cli.ok("tree", str(tmp_path / "root.tar"))
    assert [row["path"] for row in rows] == ["/a", "/a/b"]
    assert len(cli.ok("layers", f"rootfs:{tmp_path / 'root.tar'}")) == 1


def test_a_wrong_name_is_told_before_anything_is_read(cli: Cli) -> None:
    outcome = cli("load", "./not-even-there.tar", "-t", "WRONG")
    assert outcome.code == 2
    assert "'WRONG'" in outcome.err
