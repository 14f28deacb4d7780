"""Builds in a store: layers and history, the cache and why it misses, one digest on any machine."""

from __future__ import annotations

import errno
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from layerscope.build.lines import BadDockerfile
from layerscope.build.plan import StepFailed
from layerscope.errors import LayerscopeError
from layerscope.usecases.build import BuildRequest, NoContext, build
from layerscope.usecases.history import history
from tests.support.builds import Bench, Engines
from tests.support.images import docker_members, image, write_tar
from tests.support.stores import faults


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    assert faults(made.store) == []
    made.store.close()


FILE = "FROM scratch\nENV A=1\nCOPY src /app\nRUN write /x hello\nRUN nothing\nCMD x\n"


def test_steps_make_layers_only_where_files_change(bench: Bench) -> None:
    built = bench(FILE, names=("app:1",))
    assert [bool(step.diff_id) for step in built.steps] == [False, False, True, True, False, False]
    rows = history(bench.store, bench.store.resolve("app:1"))
    assert [(row.size, row.empty_layer) for row in rows] == [
        (0, True),
        (0, True),
        (5, False),
        (5, False),
        (0, True),
    ]
    assert [row.created_by for row in rows][::4] == [
        '/bin/sh -c #(nop)  CMD ["/bin/sh" "-c" "x"]',
        "/bin/sh -c #(nop)  ENV A=1",
    ]
    assert all(row.id.startswith("sha256:") for row in rows)
    assert built.names == ("app:1",)
    assert bench.watched.printed == b"did write\ndid nothing\n"


def test_what_was_built_before_is_not_built_again(bench: Bench) -> None:
    first, ran = bench(FILE), len(bench.runner.commands)
    again = bench(FILE)
    assert again.id == first.id
    assert all(step.cached for step in again.steps)
    assert [step.diff_id for step in again.steps] == [step.diff_id for step in first.steps]
    assert len(bench.runner.commands) == ran


ANEW = "the step before it was built anew"


def test_a_miss_says_which_file(bench: Bench) -> None:
    assert bench.reasons(FILE) == ["it was not built before", ANEW, ANEW, ANEW, ANEW]
    bench.write("src/main.py", "changed")
    assert bench.reasons(FILE) == [None, "src/main.py changed", ANEW, ANEW, ANEW]
    bench.write("src/new.py", "")
    (bench.context / "src" / "b.py").unlink()
    assert bench.reasons(FILE)[1] == "src/b.py removed, src/new.py added"
    (bench.context / "src" / "new.py").chmod(0o755)
    assert bench.reasons(FILE)[1] == "src/new.py changed"


def test_a_time_alone_is_no_change(bench: Bench) -> None:
    bench(FILE)
    os.utime(bench.context / "src" / "main.py", (1, 1))
    assert bench.reasons(FILE) == [None] * 5


def test_a_miss_says_what_of_the_instruction(bench: Bench) -> None:
    text = "FROM scratch\nARG V=1\nCOPY a.txt /\nRUN write /v $V\nRUN nothing"
    bench(text)
    assert bench.reasons(text, build_args={"V": "2"}) == [None, None, "ARG V changed", ANEW]
    assert bench.reasons(text.replace("/v", "/w"))[2] == "the instruction changed"
    assert bench.reasons(text.replace("RUN write", "ENV a"))[2] == "another instruction stood here"
    assert bench.reasons(text, epoch=1)[0] == "SOURCE_DATE_EPOCH changed"
    assert set(bench.reasons(text, use_cache=False)) == {"--no-cache"}


def test_one_digest_on_any_machine(tmp_path: Path) -> None:
    text = "FROM scratch\nWORKDIR /w\nCOPY . /app\nRUN write /x hello\nRUN write /app/a.txt z\n"
    ids = set()
    for number, umask in enumerate((0o022, 0o077)):
        folder = tmp_path / ("machine" * (number + 1))
        folder.mkdir()
        bench = Bench(folder)
        for path in bench.context.rglob("*"):
            os.utime(path, (1_700_000_000 + number, 1_700_000_000))
            path.chmod(0o755 if path.is_dir() else 0o644)
        before = os.umask(umask)
        try:
            ids.add(bench(text, epoch=1_600_000_000).id)
        finally:
            os.umask(before)
        config = bench.store.config(bench.store.resolve(next(iter(ids))))
        assert {step.created for step in config.history} == {"2020-09-13T12:26:40Z"}
        bench.store.close()
    assert len(ids) == 1


def test_a_time_before_the_epoch_stays(bench: Bench) -> None:
    os.utime(bench.context / "a.txt", (1_000_000_000, 1_000_000_000))
    built = bench("FROM scratch\nCOPY a.txt /", epoch=1_600_000_000)
    layers = bench.store.resolve(built.id).layers
    data = bench.store.blobs.read(layers[0].diff_id)
    assert b"%o" % 1_000_000_000 in data


def test_a_failed_step_keeps_what_was_done(bench: Bench) -> None:
    text = "FROM scratch\nCOPY a.txt /\nRUN fail\n"
    with pytest.raises(StepFailed) as caught:
        bench(text)
    assert caught.value.what.endswith("Dockerfile:3")
    assert caught.value.why == "RUN fail: it ended with exit code 3"
    assert caught.value.image is not None
    assert caught.value.hint is not None
    assert f"run --rm -it {caught.value.image.short} sh" in caught.value.hint
    with pytest.raises(StepFailed):
        bench(text)
    assert bench.watched.done[1].cached


def test_where_nothing_runs_it_is_told_before_anything_is_done(bench: Bench) -> None:
    class Nothing(Engines):
        def check(self) -> None:
            raise LayerscopeError("RUN", "not here")

    bench.runner = Nothing()
    with pytest.raises(LayerscopeError, match="not here"):
        bench(FILE)
    assert bench.watched.done == []
    assert bench("FROM scratch\nCOPY a.txt /").id


def test_a_stage_that_nothing_needs_is_not_built(bench: Bench) -> None:
    text = "FROM scratch AS a\nCOPY a.txt /\nFROM scratch AS b\nRUN fail\nFROM a\nCMD x\n"
    assert [step.step.stage for step in bench(text).steps] == ["a", "a", "stage-2", "stage-2"]
    assert [step.step.stage for step in bench(text, target="a").steps] == ["a", "a"]


def test_heredocs(bench: Bench) -> None:
    text = (
        "FROM scratch\nARG N=joe\nCOPY <<A <<'B' /in/\nhello $N \"${N:-x}\"\nA\n$N\nB\n"
        "COPY --chmod=0750 <<A /one\nx\nA\nRUN <<E\nwrite /y z\nE\nRUN <<E\n#!/bin/prog -x\ny\nE\n"
        "RUN nothing <<E\nz\nE"
    )
    with pytest.raises(StepFailed):  # the second script's first word is none of the fake's
        bench(text.replace("/bin/prog", "fail"))
    built = bench(text)
    assert bench.read(built, "/in/A") == b'hello joe "joe"\n'
    assert bench.read(built, "/in/B") == b"$N\n"
    assert bench.files(built)["one"] == 0o100750
    assert bench.read(built, "/y") == b"z"
    scripts = [command.argv[-1] for command in bench.runner.commands[-2:]]
    assert scripts[0].startswith("/bin/prog -x /proc/self/fd/3 3<<'")
    assert "\ny\n" in scripts[0]
    assert scripts[1] == "nothing <<E\nz\nE"


def test_a_heredoc_keeps_its_quotes_and_loses_its_escapes(bench: Bench) -> None:
    said = r"""say \"hi\" to $A, it's \'$A\' \$A ${N:-'y'}"""
    built = bench(f"# escape=`\nFROM scratch\nENV A=val\nCOPY <<EOF /j\n{said}\nEOF\n")
    assert bench.read(built, "/j") == b"""say "hi" to val, it's 'val' $A 'y'\n"""


def test_a_proxy_that_no_arg_asks_for_is_no_other_step(bench: Bench) -> None:
    text = "FROM scratch\nRUN write /x y\n"
    bench(text, build_args={"HTTP_PROXY": "1"})
    assert bench.runner.commands[-1].env["HTTP_PROXY"] == "1"
    assert bench.reasons(text, build_args={"HTTP_PROXY": "2"}) == [None]
    text = "FROM scratch\nARG HTTP_PROXY\nRUN write /x y\n"
    bench(text, build_args={"HTTP_PROXY": "1"})
    asked = bench.reasons(text, build_args={"HTTP_PROXY": "2"})
    assert asked == [None, "ARG HTTP_PROXY changed"]


def test_a_full_disk_is_told_with_what_helps(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("layerscope.build.copying.put", full)
    with pytest.raises(StepFailed, match="No space left") as caught:
        bench("FROM scratch\nWORKDIR /w\nCOPY a.txt /\n")
    assert caught.value.hint is not None
    assert caught.value.hint.startswith("free some space")


def test_chmod(bench: Bench) -> None:
    built = bench("FROM scratch\nCOPY --chmod=700 src /app\nADD --chmod=0604 --link a.txt /a")
    assert set(bench.files(built, "/app").values()) == {0o100700}
    assert bench.files(built)["a"] == 0o100604


def test_from_any_target(bench: Bench, tmp_path: Path) -> None:
    archive = write_tar(tmp_path / "base.tar", docker_members(image("base:1")))
    built = bench(f"FROM docker-archive:{archive}\nCOPY --from={archive} /etc/motd /again\n")
    assert bench.read(built, "/etc/motd") == b"changed"
    assert bench.read(built, "/again") == b"changed"
    assert len(bench.store.resolve(built.id).layers) == 3


def test_arguments_that_nobody_asks_for_are_told(bench: Bench) -> None:
    text = "ARG O\nFROM scratch\nARG A\nCOPY a.txt /"
    given = {"A": "1", "O": "1", "B": "2", "HTTP_PROXY": "p"}
    assert bench(text, build_args=given).unused == ("B",)


def test_platform_arguments(bench: Bench) -> None:
    built = bench("FROM scratch\nARG TARGETPLATFORM\nCOPY a.txt /${TARGETPLATFORM}")
    assert list(bench.files(built, "/linux")) != []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("COPY missing /", "there is no such file"),
        ("COPY ../x /", "outside the build context"),
        ("COPY *.none /", "no file matches"),
        ("COPY a.txt src /x", "the destination must be a folder"),
        ("ADD https://example.org/x /", "no network"),
        ("ADD git@example.org:x.git /", "no network"),
        ("COPY --chown=joe a.txt /", "no user 'joe'"),
        ("COPY --chmod=u+x a.txt /", "no octal mode"),
        ("COPY a.txt /a\nCOPY src /a", "can't replace a file"),
        ("COPY a.txt /a\nCOPY a.txt /a/b", "it is no folder"),
        ("ENV A='x", "single quote isn't closed"),
        ("EXPOSE http", "is no port"),
        ("HEALTHCHECK --interval=3 CMD x", "is no time"),
        ("HEALTHCHECK --interval=0s CMD x", "less than a millisecond"),
        ("HEALTHCHECK --timeout=9999999999h CMD x", "is no time"),
        ("HEALTHCHECK --retries=0 CMD x", "no number from 1 on"),
        ("EXPOSE 70000", "is no port"),
        ("STOPSIGNAL 0", "is no signal"),
        ("COPY --chown=7 a.txt /a\nCOPY --chown=:8 a.txt /b", "it isn't USER"),
        ("COPY <<.wh.x /\nx\n.wh.x", "names that start with .wh."),
    ],
)
def test_what_goes_wrong_is_one_line_with_its_place(bench: Bench, text: str, why: str) -> None:
    with pytest.raises((StepFailed, BadDockerfile)) as caught:
        bench(f"FROM scratch\n{text}\n")
    line = 2 + text.count("\nCOPY")
    assert caught.value.what.endswith(f"Dockerfile:{line}")
    assert why in caught.value.why
    assert "\n" not in caught.value.why


def _archive(path: Path, *members: tuple[str, bytes, str]) -> None:
    with tarfile.open(path, "w") as tar:
        for name, kind, link in members:
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, link
            tar.addfile(info)


def test_an_archive_never_leads_out(bench: Bench, tmp_path: Path) -> None:
    file, link = tarfile.REGTYPE, tarfile.SYMTYPE
    _archive(bench.context / "up.tar", ("../up", file, ""))
    _archive(bench.context / "to.tar", ("x", link, str(tmp_path)), ("x/up", file, ""))
    (bench.context / "cut.tar").write_bytes((bench.context / "up.tar").read_bytes()[:600])
    for name, place in (("up", "/d"), ("to", f"/d{tmp_path}")):
        built = bench(f"FROM scratch\nADD {name}.tar /d/")
        assert "up" in bench.files(built, place)
    with pytest.raises(StepFailed, match=r"ADD cut\.tar"):
        bench("FROM scratch\nADD cut.tar /")
    assert not (tmp_path / "up").exists()


def test_what_makes_no_image(bench: Bench) -> None:
    with pytest.raises(BadDockerfile, match="last stage has no step"):
        bench("FROM scratch")
    with pytest.raises(NoContext, match="no such Dockerfile"):
        build(bench.store, BuildRequest(bench.context), bench.watched, bench.runner)
    with pytest.raises(NoContext, match="no such folder"):
        build(bench.store, BuildRequest(Path("/nowhere")), bench.watched, bench.runner)


def test_pruning_forgets_steps_that_no_image_stands_on(bench: Bench) -> None:
    bench(FILE, names=("app:1",))
    bench.store.collect()
    assert all(step.cached for step in bench(FILE).steps)
    bench.store.remove_image("app:1")
    bench.store.collect()
    assert not bench(FILE).steps[1].cached
