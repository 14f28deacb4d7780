"""Operations on a container's files with what is mounted in them, without processes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.command import Cli

SAMPLE = Path(__file__).parents[2] / "sample_images" / "five-layers.docker.tar"


@pytest.fixture
def cli(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Cli:
    """A container ``c`` with two volumes, two folders and a file of the host."""
    cli = Cli(tmp_path / "store", capsys)
    cli.ok("load", str(SAMPLE), "-t", "five:1")
    host = tmp_path / "host"
    for name in ("a", "b"):
        (host / name).mkdir(parents=True)
    (host / "file").write_text("of the host")
    binds = [f"{host}/a:/a", f"{host}/b:/etc/b", f"{host}/file:/etc/one.conf"]
    words = ["data:/data", "other:/srv/other", *binds, f"{host}/a:/ro:ro"]
    cli.ok("create", "--name", "c", *(part for word in words for part in ("-v", word)), "five:1")
    return cli


def apply(cli: Cli, *ops: dict[str, Any]) -> list[tuple[str, str]]:
    """The path and the result of each."""
    return [(one["path"], one["result"]) for one in cli.apply("c", *ops)["results"]]


def volume(cli: Cli, name: str) -> Path:
    return cli.root / "volumes" / name / "_data"


def changed(cli: Cli) -> set[str]:
    return {change["path"] for change in cli.ok("diff", "c")}


def test_symlinks_and_dots_lead_in_and_out_of_a_volume(cli: Cli) -> None:
    apply(cli)  # makes the mount points
    before = changed(cli)
    assert apply(
        cli,
        {"op": "symlink", "path": "/in", "target": "data"},
        {"op": "symlink", "path": "/file", "target": "/data/x"},
        {"op": "symlink", "path": "/data/out", "target": "../etc"},
        {"op": "write", "path": "/in/x", "data": "1"},
        {"op": "append", "path": "/file", "data": "2"},
        {"op": "write", "path": "/data/../etc/y", "data": "3"},
        {"op": "write", "path": "/data/out/z", "data": "4"},
        {"op": "chmod", "path": "/file", "mode": "0600"},
        {"op": "unlink", "path": "/file"},
    ) == [
        *(("/in", "ok"), ("/file", "ok"), ("/data/out", "ok"), ("/in/x", "ok"), ("/file", "ok")),
        *(("/data/../etc/y", "ok"), ("/data/out/z", "ok"), ("/file", "ok"), ("/file", "ok")),
    ]
    assert (volume(cli, "data") / "x").read_text() == "12"
    assert (volume(cli, "data") / "x").stat().st_mode & 0o777 == 0o600
    assert changed(cli) - before == {"/in", "/etc/y", "/etc/z"}


def test_open_files_stay_open(cli: Cli) -> None:
    results = apply(
        cli,
        {"op": "fd_open", "path": "/data/f", "fd": "1", "flags": ["WRONLY", "CREAT"]},
        {"op": "fd_write", "fd": "1", "data": "ab"},
        {"op": "fd_write", "fd": "1", "data": "cd"},
        {"op": "fd_close", "fd": "1"},
    )
    assert [result for _, result in results] == ["ok"] * 4
    assert (volume(cli, "data") / "f").read_text() == "abcd"


def test_names_do_not_go_from_one_to_another(cli: Cli) -> None:
    assert apply(
        cli,
        {"op": "write", "path": "/data/x", "data": "1"},
        {"op": "rename", "from": "/data/x", "to": "/srv/other/x"},
        {"op": "link", "from": "/data/x", "to": "/x"},
        {"op": "rename", "from": "/data/x", "to": "/data/y"},
        {"op": "rename", "from": "/data", "to": "/elsewhere"},
        {"op": "rmdir", "path": "/data"},
        {"op": "unlink", "path": "/etc/one.conf"},
        {"op": "mkdir", "path": "/data"},
    ) == [
        ("/data/x", "ok"),
        ("/data/x", "EXDEV"),
        ("/data/x", "EXDEV"),
        ("/data/x", "ok"),
        ("/data", "EBUSY"),
        ("/data", "EBUSY"),
        ("/etc/one.conf", "EBUSY"),
        ("/data", "EEXIST"),
    ]


def test_what_is_on_the_host_is_seen(cli: Cli) -> None:
    host = cli.root.parent / "host"
    assert apply(
        cli,
        {"op": "write", "path": "/a/x", "data": "1"},
        {"op": "write", "path": "/etc/b/x", "data": "2"},
        {"op": "append", "path": "/etc/one.conf", "data": "!"},
        {"op": "write", "path": "/ro/x", "data": "3"},
        {"op": "read", "path": "/ro/x"},
        {"op": "mkdir", "path": "/ro/d"},
    ) == [
        *(("/a/x", "ok"), ("/etc/b/x", "ok"), ("/etc/one.conf", "ok")),
        *(("/ro/x", "EROFS"), ("/ro/x", "ok"), ("/ro/d", "EROFS")),
    ]
    assert ((host / "a/x").read_text(), (host / "b/x").read_text()) == ("1", "2")
    assert (host / "file").read_text() == "of the host!"
    assert sorted(path.name for path in host.rglob("*")) == ["a", "b", "file", "x", "x"]


def test_without_a_mount_on_the_way_errors_are_the_kernel_s(cli: Cli) -> None:
    assert apply(
        cli,
        {"op": "write", "path": "/nothing/../x", "data": ""},
        {"op": "write", "path": "/etc/passwd/../x", "data": ""},
        {"op": "symlink", "path": "/loop", "target": "loop"},
        {"op": "read", "path": "/loop"},
        {"op": "rmdir", "path": "/etc/."},
    ) == [
        ("/nothing/../x", "ENOENT"),
        ("/etc/passwd/../x", "ENOTDIR"),
        ("/loop", "ok"),
        ("/loop", "ELOOP"),
        ("/etc/.", "EINVAL"),
    ]


def test_what_is_mounted_is_seen_from_outside(cli: Cli, tmp_path: Path) -> None:
    apply(
        cli,
        {"op": "write", "path": "/data/d/f", "data": "no folder"},
        {"op": "mkdir", "path": "/data/d"},
        {"op": "write", "path": "/data/d/f", "data": "in a volume"},
        {"op": "link", "path": "/data/d/f", "to": "/data/d/g"},
        {"op": "symlink", "path": "/in", "target": "data/d"},
        {"op": "symlink", "path": "/data/out", "target": "/etc/passwd"},
        {"op": "write", "path": "/srv/other/f", "data": "in another"},
    )
    assert cli("cat", "c", "/data/d/f").out == cli("cat", "c", "in/f").out == "in a volume"
    assert cli("cat", "c", "/etc/one.conf").out == "of the host"
    assert cli("cat", "c", "/data/out").out == cli("cat", "c", "/etc/passwd").out != ""
    assert cli("cat", "c", "/data/nothing").code == cli("cat", "c", "/data/d/f/x").code == 1

    def copied(source: str) -> dict[str, str]:
        out = tmp_path / "out" / str(len(list((tmp_path / "out").iterdir())))
        assert cli("cp", f"c:{source}", str(out)).code == 0
        files = [path for path in out.rglob("*") if path.is_file() and not path.is_symlink()]
        return {str(path.relative_to(out)): path.read_text(errors="replace") for path in files}

    (tmp_path / "out").mkdir()
    in_d = {"f": "in a volume", "g": "in a volume"}
    assert copied("/data/d") == copied("/in/") == copied("/in/.") == in_d
    assert copied("/srv")["other/f"] == "in another"
    assert copied("/etc")["one.conf"] == "of the host"
    everything = {row["path"]: row["layer"] for row in cli.ok("tree", "c")}
    paths = ("/data/d/g", "/srv/other/f", "/etc/one.conf", "/etc/passwd")
    assert [everything[path] for path in paths] == [None, None, None, 0]
    rows = cli.ok("tree", "c", "/data/d")
    assert [(row["path"], row["layer"], row["change"]) for row in rows] == [
        (path, None, None) for path in ("/data/d", "/data/d/f", "/data/d/g")
    ]
    assert cli("tree", "c", "/data/d").out.splitlines()[1].split()[3:5] == ["-", "/data/d/f"]
    assert len(cli.ok("layers", "c")) == 6


def test_a_volume_shows_what_it_has_instead_of_the_image(cli: Cli) -> None:
    cli.ok("create", "--name", "v", "-v", "mine:/var/lib/example", "five:1")
    shown = [row["path"] for row in cli.ok("tree", "v", "/var/lib/example")]
    assert shown == ["/var/lib/example", "/var/lib/example/data.db"]
    (volume(cli, "mine") / "data.db").rename(volume(cli, "mine") / "new.db")
    shown = [row["path"] for row in cli.ok("tree", "v", "/var") if "example" in row["path"]]
    assert shown == ["/var/lib/example", "/var/lib/example/new.db"]
