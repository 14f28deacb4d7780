"""The walk-through of the storage-driver documentation, without processes, and what goes wrong."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.support.command import Cli

FIVE = "sample_images/five-layers.docker.tar"


@pytest.fixture
def cli(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Cli:
    """The command line on a store with one image."""
    cli = Cli(tmp_path / "store", capsys)
    cli.ok("load", FIVE, "-t", "five:1")
    return cli


def sizes(cli: Cli) -> dict[str, tuple[int, int]]:
    return {row["name"]: (row["size_rw"], row["size_root_fs"]) for row in cli.ok("ps", "-a")}


def tree_of(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_five_containers_of_one_image(cli: Cli) -> None:
    image = cli.ok("images")[0]["size"]
    names = [f"my_container_{n}" for n in range(1, 6)]
    for name in names:
        made = cli.ok("create", "--name", name, "five:1")
        assert list(made) == ["id", "name"]
    assert sizes(cli) == dict.fromkeys(names, (0, image))
    blobs = tree_of(cli.root / "blobs")
    for name in names[:3]:
        assert cli.apply(name, {"op": "write", "path": "/out.txt", "data": "hello"})["done"] == 1
    assert sizes(cli) == {
        name: (5, image + 5) if name in names[:3] else (0, image) for name in names
    }
    told = cli("ps", "-a", "--size", "--format", "{{.Names}} {{.Size}}").out
    assert "my_container_1 5B (virtual 618kB)" in told
    assert tree_of(cli.root / "blobs") == blobs
    assert cli.ok("images")[0]["containers"] == 5


def test_a_change_of_an_image_file_copies_it_up_whole(cli: Cli) -> None:
    cli.ok("create", "--name", "c", "five:1")
    (before,) = (r for r in cli.ok("tree", "five:1") if r["path"] == "/usr/bin/example")
    cli.apply("c", {"op": "append", "path": "/usr/bin/example", "data": "!"})
    assert sizes(cli)["c"][0] == before["size"] + 1
    changes = {change["path"]: change for change in cli.ok("diff", "c")}
    change = changes["/usr/bin/example"]
    assert change == {
        "kind": "C",
        "path": "/usr/bin/example",
        "size": before["size"] + 1,
        "copied_up": True,
        "from_layer": before["layer"],
    }
    assert changes["/usr/bin"]["kind"] == "C"


def test_a_volume_outlives_its_container_and_counts_in_no_size(cli: Cli) -> None:
    cli.ok("create", "--name", "c", "-v", "data:/vol", "five:1")
    cli.apply("c", {"op": "write", "path": "/vol/db", "data": "x" * 5000})
    assert sizes(cli)["c"][0] == 0
    assert [(c["kind"], c["path"]) for c in cli.ok("diff", "c")] == [("A", "/vol")]
    (volume,) = cli.ok("volume", "inspect", "data")
    assert (volume["name"], volume["size"], volume["containers"]) == ("data", 5000, ["c"])
    assert cli("volume", "rm", "data").code == 1
    cli.ok("rm", "c")
    assert (Path(volume["path"]) / "db").read_text() == "x" * 5000
    cli.ok("create", "--name", "d", "-v", "data:/elsewhere", "five:1")
    done = cli.apply("d", {"op": "read", "path": "/elsewhere/db"})
    assert done["results"][0]["result"] == "ok"
    cli.ok("rm", "d")
    assert cli.ok("volume", "rm", "data") == {"removed": ["data"]}


def test_a_volume_that_the_image_names_begins_with_what_the_image_has_there(cli: Cli) -> None:
    made = cli.ok("create", "--name", "c", "five:1")
    (volume,) = cli.ok("volume", "ls")
    assert (volume["containers"], volume["size"]) == (["c"], 0)
    done = cli.apply("c", {"op": "append", "path": "/var/lib/example/data.db", "data": "!"})
    assert done["done"] == 1
    data = Path(volume["path"]) / "data.db"
    assert data.stat().st_size == 192001
    assert (sizes(cli)["c"][0], cli.ok("diff", "c")) == (0, [])
    cli.ok("rm", "-v", made["id"])
    assert cli.ok("volume", "ls") == []
    assert not data.exists()


def test_an_anonymous_volume_stays_with_another_container(cli: Cli) -> None:
    cli.ok("create", "--name", "c", "five:1")
    (volume,) = cli.ok("volume", "ls")
    cli.ok("create", "--name", "d", "-v", f"{volume['name']}:/var/lib/example", "five:1")
    cli.ok("rm", "-v", "c")
    assert [row["containers"] for row in cli.ok("volume", "ls")] == [["d"]]
    cli.ok("rm", "-v", "d")
    assert cli.ok("volume", "ls") == []


def test_prune_takes_volumes_that_nobody_has_or_named(cli: Cli) -> None:
    for name in ("c", "d"):
        cli.ok("create", "--name", name, "-v", f"of-{name}:/x", "five:1")
        cli.apply(name, {"op": "write", "path": "/x/f", "data": "12345"})
    (of_c,) = [row for row in cli.ok("volume", "ls") if row["containers"] == ["c"]][:1]
    cli.ok("rm", "c")
    assert cli.ok("volume", "prune") == {"removed": [of_c["name"]], "bytes_freed": of_c["size"]}
    assert cli("volume", "prune", "-a").out == "of-c\nFreed 5B: 1 volume\n"
    assert cli("volume", "prune", "of-d").code == 2
    assert [row["containers"] for row in cli.ok("volume", "ls")] == [["d"], ["d"]]
    assert not (cli.root / "volumes" / of_c["name"]).exists()


def test_a_folder_can_be_named_from_here(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "shared").mkdir()
    monkeypatch.chdir(tmp_path / "shared")
    cli.ok("create", "--name", "c", "-v", "./new:/x", "-v", ".:/y:ro", "five:1")
    mounts = [(mount["target"], mount["source"]) for mount in cli.ok("inspect", "c")[0]["mounts"]]
    shared = str(tmp_path / "shared")
    assert [one for one in mounts if one[1]] == [("/x", f"{shared}/new"), ("/y", shared)]


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["--name", "taken"], 1, "another one has that name"),
        (["--name", "no/name"], 2, "'no/name'"),
        (["-v", "_:/x"], 2, "'_'"),
        (["-v", "a:/x", "-v", "b:/x/"], 2, "layerscope: duplicate mount point: /x\n"),
    ],
)
def test_what_is_refused_leaves_no_volume(cli: Cli, words: list[str], code: int, told: str) -> None:
    cli.ok("create", "--name", "taken", "-v", "mine:/var/lib/example", "five:1")
    outcome = cli("create", "-v", "/anon", "-v", "fresh:/fresh", *words, "five:1")
    assert outcome.code == code
    assert told in outcome.err
    assert [row["name"] for row in cli.ok("volume", "ls")] == ["mine"]
    assert tree_of(cli.root / "volumes") == ["mine", "mine/_data"]


def test_removing_a_container_drops_its_layer(cli: Cli) -> None:
    made = cli.ok("create", "five:1")
    folder = cli.root / "containers" / made["id"]
    cli.apply(made["name"], {"op": "write", "path": "/f", "data": "x"})
    assert (folder / "upper" / "f").exists()
    assert cli.ok("rm", made["id"][:10]) == {"removed": [made["id"]]}
    assert not folder.exists()
    assert cli.ok("fsck")["clean"]


def test_an_image_in_use_stays(cli: Cli) -> None:
    cli.ok("create", "--name", "c", "five:1")
    outcome = cli("rmi", "five:1")
    assert outcome.code == 1
    assert "container c" in outcome.err


def test_names_and_ids(cli: Cli) -> None:
    made = cli.ok("create", "--name", "old", "five:1")
    told = cli("create", "--json", "--name", "e", "five:1", "echo", "-n", "--json", "hi")
    (known,) = cli.ok("inspect", told.document["id"])
    assert known["command"][-4:] == ["echo", "-n", "--json", "hi"]
    cli.ok("rm", "e")
    assert cli("create", "--name", "old", "five:1").code == 1
    assert cli("create", "--name", "no/slash", "five:1").code == 2
    assert cli.ok("rename", "old", "new") == {"name": "new"}
    (known,) = cli.ok("inspect", made["id"][:8])
    assert (known["kind"], known["name"]) == ("container", "new")
    assert cli("diff", "old").code == 1
    assert cli("rm", "nothing").code == 1
    assert cli.ok("ps") == []
    assert [row["status"] for row in cli.ok("ps", "-a")] == ["created"]


@pytest.mark.parametrize("mount", ["a:b", "a:/", "a:/x:no", ":/x", "a:/x:ro:y"])
def test_wrong_mounts_are_wrong_words(cli: Cli, mount: str) -> None:
    assert cli("create", "-v", mount, "five:1").code == 2
    assert cli.ok("ps", "-a") == []


@pytest.mark.parametrize("text", ["{", "3", '[{"op": "nope"}]', '["write"]', '[{"path": "/x"}]'])
def test_wrong_operations_change_nothing(cli: Cli, text: str) -> None:
    cli.ok("create", "--name", "c", "five:1")
    file = cli.root.parent / "ops.json"
    file.write_text(text)
    outcome = cli("apply", "c", str(file))
    assert outcome.code == 1
    assert len(outcome.err.splitlines()) == 1
    assert sizes(cli)["c"][0] == 0


def test_operations_that_fail_say_so_and_the_next_go_on(cli: Cli) -> None:
    cli.ok("create", "--name", "c", "five:1")
    done = cli.apply(
        "c",
        {"op": "unlink", "path": "/nope"},
        {"op": "write", "path": "/f", "data": "x"},
        {"op": "rmdir", "path": "/etc"},
    )
    assert [result["result"] for result in done["results"]] == ["ENOENT", "ok", "ENOTEMPTY"]
    assert done["done"] == 1


def test_host_folders_are_mounted_as_they_lie(cli: Cli, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    cli.ok("create", "--name", "c", "-v", f"{shared}:/x/y", "five:1")
    cli.apply("c", {"op": "write", "path": "/x/y/f", "data": "hi"})
    assert (shared / "f").read_text() == "hi"
    assert os.listdir(shared) == ["f"]
    assert [c["path"] for c in cli.ok("diff", "c")] == ["/x", "/x/y"]


def test_files_go_in_and_out_of_a_container(cli: Cli, tmp_path: Path) -> None:
    cli.ok("create", "--name", "c", "five:1")
    (tmp_path / "dir").mkdir()
    (tmp_path / "dir" / "f").write_text("hello")
    (tmp_path / "dir" / "f").chmod(0o750)
    (tmp_path / "dir" / "l").symlink_to("f")
    assert cli("cp", str(tmp_path / "dir"), "c:/srv").code == 0
    assert cli("cp", str(tmp_path / "dir" / "f"), "c:/etc/motd").code == 0
    diff = {change["path"]: change["kind"] for change in cli.ok("diff", "c")}
    assert diff["/srv/dir/f"] == "A"
    assert diff["/etc/motd"] == "C"
    rows = {row["path"]: row for row in cli.ok("tree", "c")}
    assert (rows["/srv/dir/f"]["mode"], rows["/srv/dir/f"]["layer"]) == ("0750", 5)
    assert rows["/srv/dir/l"]["link"] == "f"
    assert cli("cp", "c:/srv/dir", str(tmp_path / "out")).code == 0
    assert (tmp_path / "out" / "f").read_text() == "hello"
    assert cli("cp", str(tmp_path / "dir"), "nothing:/srv").code == 1
    assert cli("cp", str(tmp_path / "dir" / "f"), "c:/no/such/folder/").code == 1


def test_a_folder_goes_in_again_but_never_over_a_file(cli: Cli, tmp_path: Path) -> None:
    cli.ok("create", "--name", "c", "five:1")
    (tmp_path / "dir" / "sub").mkdir(parents=True)
    (tmp_path / "dir" / "f").write_bytes(b"hello")
    (tmp_path / "dir" / "h").hardlink_to(tmp_path / "dir" / "f")
    (tmp_path / "dir" / "l").symlink_to("f")
    os.mkfifo(tmp_path / "dir" / "pipe")
    for _ in range(2):
        done = cli.ok("cp", str(tmp_path / "dir"), "c:/srv")
        assert done == {"path": "c:/srv/dir", "bytes": 5}
    kinds = {row["path"]: row["kind"] for row in cli.ok("tree", "c")}
    assert kinds["/srv/dir/l"] == "symlink"
    assert kinds["/srv/dir/pipe"] == "fifo"
    assert cli("cat", "c", "/srv/dir/h").code == 0
    cli.apply("c", *({"op": "unlink", "path": f"/srv/dir/{name}"} for name in "fl"))
    cli.apply("c", {"op": "mkdir", "path": "/srv/dir/f"})
    told = "/srv/dir/f: a file can't take the place of a folder"
    assert told in cli("cp", str(tmp_path / "dir"), "c:/srv").err
    cli.apply("c", {"op": "rmdir", "path": "/srv/dir/f"}, {"op": "rmdir", "path": "/srv/dir/sub"})
    cli.apply("c", {"op": "symlink", "path": "/srv/dir/sub", "target": "/etc"})
    told = "/srv/dir/sub: a folder can't take the place of a file"
    assert told in cli("cp", str(tmp_path / "dir"), "c:/srv").err


def test_a_large_folder_comes_out_whole(cli: Cli, tmp_path: Path) -> None:
    cli.ok("create", "--name", "c", "five:1")
    content = {name: name.encode() * 65024 for name in "abc"}
    for name, data in content.items():
        (tmp_path / "in").mkdir(exist_ok=True)
        (tmp_path / "in" / name).write_bytes(data)
    assert cli.ok("cp", str(tmp_path / "in"), "c:/srv")["bytes"] == 3 * 65024
    assert cli.ok("cp", "c:/srv/in", str(tmp_path / "out"))["bytes"] == 3 * 65024
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == content


def test_one_that_is_just_being_removed_holds_nothing_up(cli: Cli) -> None:
    """Its record goes before its folder, and comes before it: others may look in between."""
    made = cli.ok("create", "--name", "c", "five:1")
    shutil.rmtree(cli.root / "containers" / made["id"])
    assert sizes(cli) == {"c": (0, cli.ok("images")[0]["size"])}


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_folder_that_cannot_be_read_is_left_out_of_one_size(cli: Cli) -> None:
    made = [cli.ok("create", "--name", name, "five:1")["id"] for name in ("c", "d")]
    for name in ("c", "d"):
        ops = ({"op": "mkdir", "path": "/d"}, {"op": "write", "path": "/d/f", "data": "12345"})
        cli.apply(name, *ops, {"op": "write", "path": "/g", "data": "123"})
    closed = cli.root / "containers" / made[0] / "upper" / "d"
    closed.chmod(0)
    try:
        for words in (["ps", "-a"], ["df"]):
            outcome = cli(*words, "--json")
            assert outcome.code == 0
            assert outcome.err == (
                "layerscope: container 'c': permission denied in 1 folder ('/d'), "
                "whose content its size lacks\n"
            )
        rows = cli("ps", "-a", "--json").document
        assert {row["name"]: row["size_rw"] for row in rows} == {"c": 3, "d": 8}
        for words in (["diff", "c"], ["commit", "c"], ["cat", "c", "/g"]):
            outcome = cli(*words)
            assert (outcome.code, len(outcome.err.splitlines())) == (1, 1)
    finally:
        closed.chmod(0o700)
