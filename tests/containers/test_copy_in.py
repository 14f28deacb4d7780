"""Copying into a container by Docker's rules, whether or not it runs: what dockerd makes of it."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.support.command import Cli, Outcome
from tests.support.processes import need_processes, write_images
from tests.support.program import Layerscope

IMAGE = "acme/my-base-image:1.0"
D = {"": "dir 755", "/f": "f", "/hard": "f", "/lnk": "-> f", "/fifo": "fifo", "/sub": "dir 751"}
BEFORE = {
    "/d2": "dir 700",
    "/e": "dir 755",
    "/file": "old",
    "/p": "dir 755",
    "/todir": "-> d2",
    "/tofile": "-> file",
    "/togone": "-> gone",
}
_number = count()


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Layerscope]:
    """A store with a container ``runs``, where one can, and one that doesn't, ``still``."""
    folder = tmp_path_factory.mktemp("cp")
    program = Layerscope(folder / "store")
    need_processes()
    program("load", f"docker-archive:{write_images(folder / 'images.tar')}:{IMAGE}")
    program("create", "--name", "still", "-v", "still:/vol", IMAGE)
    program("run", "-d", "--name", "runs", "-v", "runs:/vol", IMAGE, "sleep", "1000")
    yield program
    program("rm", "-f", "-v", "still", "runs")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that sources are named from: ``d``, symlinks to it and in it, one that dangles."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "d/sub").mkdir(parents=True)
    (tmp_path / "d/f").write_text("f")
    (tmp_path / "d/f").chmod(0o4755)
    os.link("d/f", "d/hard")
    os.mkfifo("d/fifo")
    for name, target in (("d/lnk", "f"), ("link", "d/f"), ("dangling", "nowhere"), ("dlink", "d")):
        os.symlink(target, name)
    (tmp_path / "d").chmod(0o755)
    (tmp_path / "d/sub").chmod(0o751)
    for name in ("d/f", "d/sub", "d"):
        os.utime(name, (10**9, 10**9))
    return tmp_path


@pytest.fixture(params=["still", "runs"])
def at(request: pytest.FixtureRequest, program: Layerscope, here: Path, cli: Cli) -> str:
    """A folder of a container, as ``CONTAINER:PATH``, with something in it."""
    there = here / "there"
    for name in ("d2", "p", "e"):
        (there / name).mkdir(parents=True)
    (there / "file").write_text("old")
    for name, target in (("todir", "d2"), ("tofile", "file"), ("togone", "gone")):
        (there / name).symlink_to(target)
    (there / "d2").chmod(0o700)
    at = f"{request.param}:/w{next(_number)}"
    assert cli("cp", "there", at).code == 0
    return at


@pytest.fixture
def cli(program: Layerscope, capsys: pytest.CaptureFixture[str]) -> Cli:
    """The command line on the store of the containers."""
    return Cli(program.store, capsys)


def tree(cli: Cli, at: str) -> dict[str, str]:
    """What a folder of a container holds, relative to it."""
    out = Path("out", str(next(_number)))
    out.parent.mkdir(exist_ok=True)
    assert cli("cp", at, str(out)).code == 0
    return {str(path)[len(str(out)) :]: _told(path) for path in out.rglob("*")}


def _told(path: Path) -> str:
    if path.is_symlink():
        return f"-> {os.readlink(path)}"
    if path.is_dir():
        return f"dir {path.stat().st_mode & 0o777:o}"
    return path.read_text() if path.is_file() else "fifo"


def below(name: str, holds: dict[str, str] | None = None) -> dict[str, str]:
    """``d``, or what ``holds`` says, under another name."""
    return {name + path: what for path, what in (holds or D).items()}


@pytest.mark.parametrize(
    ("words", "new"),
    [
        (["d/.", "/d2"], below("/d2", D | {"": "dir 700"})),
        (["d/.", "/todir"], below("/d2", D | {"": "dir 700"})),
        (["d/.", "/fresh"], below("/fresh")),
        (["d", "/fresh"], below("/fresh")),
        (["d", "/e"], below("/e/d")),
        (["d/", "/e/"], below("/e/d")),
        (["d/sub/..", "/e"], below("/e/d")),
        (["d", "/todir"], below("/d2/d")),
        (["dlink", "/p"], {"/p/dlink": "-> d"}),
        (["dlink/", "/p2"], below("/p2")),
        (["dlink/.", "/p3"], below("/p3")),
        (["-L", "dlink", "/p"], below("/p/dlink")),
        (["link", "/e"], {"/e/link": "-> d/f"}),
        (["-L", "link", "/e"], {"/e/link": "f"}),
        (["dangling", "/e"], {"/e/dangling": "-> nowhere"}),
        (["d/f", "/todir"], {"/d2/f": "f"}),
        (["d/f", "/file"], {"/file": "f"}),
        (["d/f", "/tofile"], {"/file": "f"}),
        (["d/f", "/togone"], {"/gone": "f"}),
        (["link", "/tofile"], {"/file": "-> d/f"}),
        (["d/fifo", "/e"], {"/e/fifo": "fifo"}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_where_it_goes(cli: Cli, at: str, words: list[str], new: dict[str, str]) -> None:
    outcome = cli("cp", *words[:-1], at + words[-1])
    assert outcome.code == 0, outcome.err
    assert tree(cli, at) == BEFORE | new


def test_the_same_goes_in_again(cli: Cli, at: str) -> None:
    for words in (["d", at + "/e"], ["d/.", at + "/fresh"]) * 2:
        outcome = cli("cp", *words)
        assert outcome.code == 0, outcome.err
    assert tree(cli, at) == BEFORE | below("/e/d") | below("/fresh")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["nosuch", ""], "nosuch: no such file or directory"),
        (["-L", "dangling", "/e"], "dangling: no such file or directory"),
        (["d", "/file"], "a folder can't take the place of a file"),
        (["d", "/nodir/more"], "there is no such folder"),
        (["d/f", "/newdir/"], "there is no such folder"),
        (["d/f", "/tofile/"], "there is no such folder"),
        (["d/f/", "/e"], "d/f/: not a directory"),
        (["there/file", "/clash"], "a file can't take the place of a folder"),
        (["d/f", "/file/x"], "there is no such folder"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_does_not_go_together(
    cli: Cli, here: Path, at: str, words: list[str], told: str
) -> None:
    (here / "x/file").mkdir(parents=True)
    assert cli("cp", "x", f"{at}/clash").code == 0
    outcome = cli("cp", *words[:-1], at + words[-1])
    assert (outcome.code, len(outcome.err.splitlines())) == (1, 1), outcome.err
    assert told in outcome.err
    assert tree(cli, at) == BEFORE | {"/clash": "dir 755", "/clash/file": "dir 755"}


def test_modes_times_and_owners(cli: Cli, at: str) -> None:
    if os.geteuid() == 0:
        os.chown("d/f", 1234, 2345)
        os.chmod("d/f", 0o4755)
    name = at.rpartition("/")[2]
    for words, owner in ([], (0, 0)), (["-a"], (1234, 2345) if os.geteuid() == 0 else (0, 0)):
        assert cli("cp", *words, "d", f"{at}/e").code == 0
        rows = {row["path"]: row for row in cli.ok("tree", at.partition(":")[0])}
        row = rows[f"/{name}/e/d/f"]
        assert (row["mode"], row["mtime"]) == ("4755", "2001-09-09T01:46:40Z")
        assert (row["uid"], row["gid"]) == owner
        assert rows[f"/{name}/e/d"]["mtime"] == "2001-09-09T01:46:40Z"


def test_a_tar_of_stdin_goes_into_a_folder(
    cli: Cli, at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def given(data: bytes, to: str) -> Outcome:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(data))))
        return cli("cp", "--json", "-", at + to)

    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as tar:
        tar.add("d", "./d")
        tar.add("d/f", "../new/parents/f")
    told = given(made.getvalue(), "/./todir/").document
    assert told == {"path": f"{at}/todir", "bytes": 1}
    for to, data, told in (
        ("/file", made.getvalue(), "a tar goes into a folder, which this is not"),
        ("/none", made.getvalue(), "a tar goes into a folder, which this is not"),
        ("/p", b"junk" * 1000, "it is no sound tar"),
        ("/p", made.getvalue()[:-20], ""),
    ):
        outcome = given(data, to)
        assert (outcome.code, len(outcome.err.splitlines())) == (1, 1), outcome.err
        assert told in outcome.err
    new = {"/new": "dir 755", "/new/parents": "dir 755", "/new/parents/f": "f"}
    assert tree(cli, f"{at}/d2") == below("/d") | new


def test_a_symlink_leads_nowhere_on_the_host(cli: Cli, here: Path, at: str) -> None:
    os.symlink(here, "out")
    os.symlink("../" * 20 + str(here / "d").lstrip("/"), "up")
    for name in ("out", "up"):
        assert cli("cp", name, f"{at}/e").code == 0
        for to in (f"{at}/e/{name}/stolen", f"{at}/e/{name}/"):
            outcome = cli("cp", "d/f", to)
            assert (outcome.code, "there is no such folder" in outcome.err) == (1, True)
    assert not list(here.rglob("stolen"))


@pytest.mark.parametrize("name", ["still", "runs"])
def test_what_goes_into_a_volume_costs_no_layer(
    program: Layerscope, cli: Cli, here: Path, name: str
) -> None:
    assert cli("cp", "d/f", f"{name}:/vol").code == 0
    before = {row["name"]: row["size_rw"] for row in cli.ok("ps", "-a")}
    for source, to in (("d/f", "/vol/g"), ("d", "/etc/../vol")):
        assert cli("cp", source, f"{name}:{to}").code == 0
    assert {row["name"]: row["size_rw"] for row in cli.ok("ps", "-a")} == before
    assert not [row for row in cli.ok("diff", name) if row["path"].startswith("/vol/")]
    volume = program.store / "volumes" / name / "_data"
    assert (volume / "g").read_text() == (volume / "d/f").read_text() == "f"


def test_a_mount_point_stays_one(program: Layerscope, cli: Cli, here: Path) -> None:
    outcome = cli("cp", "d/f", "runs:/etc/hosts")
    assert (outcome.code, outcome.err) == (1, "layerscope: /etc/hosts: device or resource busy\n")
    assert "localhost" in program("exec", "runs", "cat", "/etc/hosts")
