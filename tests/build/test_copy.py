"""What COPY and ADD make of owners, modes, links and archives, without processes."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from layerscope.build.lines import BadDockerfile
from layerscope.build.plan import StepFailed
from tests.support.builds import Bench
from tests.support.ordinary_user import as_ordinary_user, their_directory
from tests.support.stores import faults

CAPABILITY = bytes.fromhex("0100000200040000000000000000000000000000")


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    assert faults(made.store) == []
    made.store.close()


def _member(name: str, **about: object) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    for key, value in about.items():
        setattr(info, key, value)
    return info


def _archive(bench: Bench, *members: tuple[tarfile.TarInfo, str], how: str = "w") -> Path:
    path = bench.context / "t.tar"
    with tarfile.open(path, how) as tar:  # type: ignore[call-overload]
        for info, text in members:
            tar.addfile(info, io.BytesIO(text.encode()))
    return path


def _folder(name: str, **about: object) -> tuple[tarfile.TarInfo, str]:
    info = _member(name, **{"mode": 0o755, **about})
    info.type = tarfile.DIRTYPE
    return info, ""


def _file(name: str, text: str, **about: object) -> tuple[tarfile.TarInfo, str]:
    return _member(name, size=len(text), **about), text


def _symlink(name: str, target: str, **about: object) -> tuple[tarfile.TarInfo, str]:
    return _member(name, linkname=target, type=tarfile.SYMTYPE, **about), ""


STAGES = "FROM scratch AS a\nADD t.tar /s\nFROM scratch\n"


def test_what_comes_from_a_stage_keeps_its_owner(bench: Bench) -> None:
    _archive(
        bench,
        _folder("d", uid=5, gid=6, mode=0o2750),
        _file("d/f", "x", uid=7, gid=8, mode=0o6755),
    )
    built = bench(f"{STAGES}COPY --from=a /s /t\nCOPY --from=a --chown=1:2 /s /n/g/\n")
    folder, given = bench.stats(built, "/t")["d"], bench.stats(built, "/n/g")["d"]
    assert (folder.uid, folder.gid, folder.perm) == (5, 6, 0o2750)
    assert (given.uid, given.gid, given.perm) == (1, 2, 0o2750)
    file, given = bench.stats(built, "/t/d")["f"], bench.stats(built, "/n/g/d")["f"]
    assert (file.uid, file.gid, file.perm) == (7, 8, 0o6755)
    assert (given.uid, given.gid, given.perm) == (1, 2, 0o755)
    assert (bench.stats(built)["n"].uid, bench.stats(built, "/n")["g"].uid) == (0, 1)


@pytest.mark.root
def test_what_an_ordinary_user_cannot_keep_is_given_up() -> None:
    if os.geteuid() != 0:
        pytest.skip("needs to be root")

    def copied() -> None:
        made = Bench(folder)
        _archive(made, _file("f", "x", uid=7), _symlink("s", "f", uid=7))
        built = made(f"{STAGES}COPY --from=a /s /\n")
        assert {name: found.uid for name, found in made.stats(built).items()} == {"f": 7, "s": 0}
        made.store.close()

    with their_directory() as folder:
        assert as_ordinary_user(copied) == ""


def test_another_owner_in_the_stage_is_another_step(bench: Bench) -> None:
    text = f"{STAGES}COPY --from=a /s/f /\nCOPY a.txt /\n"
    for uid in (1, 2):
        _archive(bench, _file("f", "x", uid=uid))
        built = bench(text)
        assert bench.stats(built)["f"].uid == uid


def test_what_comes_from_the_context_runs_with_nobodys_rights(bench: Bench) -> None:
    for name, mode in (("u", 0o4644), ("g", 0o2755), ("locked", 0o2745), ("sticky", 0o1644)):
        bench.write(f"m/{name}", name)
        (bench.context / "m" / name).chmod(mode)
    built = bench("FROM scratch\nCOPY m /\n")
    modes = {name: mode & 0o7777 for name, mode in bench.files(built).items()}
    assert modes == {"u": 0o644, "g": 0o755, "locked": 0o2745, "sticky": 0o1644}


def test_a_wildcard_keeps_the_names_of_symlinks(bench: Bench) -> None:
    _archive(bench, _file("real", "x"), _symlink("lib.so", "real"), _symlink("lib.so.1", "real"))
    (bench.context / "link").symlink_to("a.txt")
    built = bench(f"{STAGES}COPY --from=a /s/lib* /lib/\nCOPY [l]ink /w/\n")
    assert sorted(bench.files(built, "/lib")) == ["lib.so", "lib.so.1"]
    assert bench.read(built, "/w/link") == b"a"


def test_names_of_one_file_stay_so(bench: Bench) -> None:
    bench.write("h/a", "four")
    (bench.context / "h" / "z").mkdir()
    for name in ("b", "z/c"):
        os.link(bench.context / "h" / "a", bench.context / "h" / name)
    built = bench("FROM scratch AS a\nCOPY h /h\nFROM scratch\nCOPY --from=a /h /i\n")
    assert [step.size for step in built.steps if step.diff_id] == [4, 4]
    assert bench.read(built, "/i/z/c") == b"four"
    # Files that are named are files of their own.
    assert bench("FROM scratch\nCOPY h/a h/b /two/\n").steps[-1].size == 8


def test_a_capability_comes_along(bench: Bench) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs to be root")
    headers = {"SCHILY.xattr.security.capability": CAPABILITY.decode("latin1")}
    _archive(bench, _file("f", "x", pax_headers=headers))
    built = bench(
        f"{STAGES}ADD t.tar /z\nCOPY --from=a /s /d\nCOPY --from=a /s/f /one\n"
        "COPY --from=a --chown=0:0 /s /given\n"
    )
    with bench.opened(built) as engine:
        for path in (b"/z/f", b"/d/f", b"/one"):
            assert engine.getxattr(path, "security.capability") == CAPABILITY
        assert engine.listxattr(b"/given/f") == []


def test_the_folder_that_an_archive_goes_into_stays_as_it_is(bench: Bench) -> None:
    _archive(bench, _folder("./", mode=0o700, uid=5), _file("./f", "x", uid=7))
    built = bench("FROM scratch\nWORKDIR /w\nADD t.tar /w\n")
    about = bench.stats(built)["w"]
    assert (about.perm, about.uid) == (0o755, 0)
    assert bench.stats(built, "/w")["f"].uid == 7


def test_an_archive_does_not_write_through_a_symlink(bench: Bench) -> None:
    _archive(bench, _symlink("d", "/real"))
    text = "FROM scratch\nWORKDIR /real\nADD t.tar /y\n"
    bench(text)
    (bench.context / "t.tar").rename(bench.context / "first.tar")
    _archive(bench, _folder("d"), _file("d/f", "x"), _file("a/../g", "y"))
    built = bench(f"{text.replace('t.tar', 'first.tar')}ADD t.tar /y\n")
    assert sorted(bench.files(built, "/y/d")) == ["f"]
    assert sorted(bench.files(built, "/y")) == ["d", "g"]
    assert bench.files(built, "/real") == {}


def test_an_archive_that_is_cut_off_is_told(bench: Bench) -> None:
    path = _archive(bench, _file("f", "x" * 5000), how="w:gz")
    path.write_bytes(path.read_bytes()[:80])
    with pytest.raises(StepFailed, match="it ends too early"):
        bench("FROM scratch\nADD t.tar /y\n")


@pytest.mark.parametrize(
    ("name", "why"),
    [("309", "no stage of that number"), ("-1", "no stage of that number"), ("0", "this stage")],
)
def test_a_number_is_never_an_image(bench: Bench, name: str, why: str) -> None:
    with pytest.raises(BadDockerfile, match=why):
        bench(f"FROM scratch\nCOPY --from={name} /a.txt /b\n")


def test_a_dot_at_the_end_makes_no_folder(bench: Bench) -> None:
    built = bench("FROM scratch\nWORKDIR /w\nCOPY a.txt /t/.\nCOPY a.txt .\nCOPY a.txt /w/.\n")
    assert bench.read(built, "/t") == b"a"
    assert sorted(bench.files(built, "/w")) == ["a.txt"]
