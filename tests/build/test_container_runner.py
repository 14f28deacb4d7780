"""RUN as real processes, as root and as an ordinary user, and where it can't be had."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path

import pytest

from layerscope.build import container_runner
from layerscope.build.container_runner import ContainerRunner
from layerscope.build.plan import Step, StepDone, StepFailed
from layerscope.containers.runtime import rootfs
from layerscope.containers.runtime.spec import CannotRun
from layerscope.store.store import Store
from layerscope.usecases.build import BuildRequest, BuildResult, build
from tests.support.build_cases import make_base
from tests.support.ordinary_user import as_ordinary_user, their_directory
from tests.support.processes import need_processes

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes need Linux")
TEXT = """\
FROM rootfs:{base}
WORKDIR /w
VOLUME /data
RUN echo hello && pwd > out && echo lost > /data/x && hostname > /host && ls /sys/class/net > /net
RUN rm /etc/group
RUN true
"""


class Quiet:
    """A watcher that keeps what is printed."""

    def __init__(self) -> None:
        self.printed = b""

    def begin(self, step: Step) -> None: ...

    def output(self, data: bytes) -> None:
        self.printed += data

    def end(self, done: StepDone) -> None: ...

    def check(self) -> None: ...


def _build(folder: Path, text: str) -> tuple[BuildResult, bytes]:
    base = make_base(folder / "base.tar")
    (folder / "context").mkdir()
    (folder / "context" / "Dockerfile").write_text(text.format(base=base))
    store, quiet = Store.open(folder / "store"), Quiet()
    request = BuildRequest(folder / "context", epoch=1_600_000_000)
    return build(store, request, quiet), quiet.printed


def _check(folder: Path) -> None:
    built, printed = _build(folder, TEXT)
    assert printed == b"hello\n"
    # WORKDIR's folder; what is beside the volume's mount point; a whiteout; nothing.
    sizes = [(step.size, step.diff_id is not None) for step in built.steps[1:]]
    assert sizes == [(0, True), (0, False), (len("/w\nbuild\nlo\n"), True), (0, True), (0, False)]


@pytest.mark.root
def test_processes_of_root(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs to be root")
    _check(tmp_path)


def test_processes_of_an_ordinary_user() -> None:
    from tests.support.ordinary_user import NOBODY

    with their_directory() as folder:
        if os.geteuid() == 0:  # what an ordinary user may not read of Python is loaded before
            (folder / "warm").mkdir()
            _check(folder / "warm")
        (folder / "own").mkdir()
        os.chown(folder / "own", NOBODY, NOBODY) if os.geteuid() == 0 else None
        assert as_ordinary_user(lambda: _check(folder / "own")) == ""


@pytest.mark.root
def test_the_same_digest_for_root_and_an_ordinary_user() -> None:
    if os.geteuid() != 0:
        pytest.skip("needs to be root")
    from tests.support.ordinary_user import NOBODY

    text = (
        "FROM rootfs:{base}\nCOPY --chown=5:6 Dockerfile /app/\nRUN chmod 600 /app/Dockerfile\n"
        "RUN rm /app/Dockerfile && echo new > /app/Dockerfile\nRUN touch /app/more\n"
    )
    with their_directory() as folder:
        (folder / "base").mkdir()
        text = text.format(base=make_base(folder / "base" / "base.tar"))
        for name in ("root", "own"):
            (folder / name).mkdir()
        ours, _ = _build(folder / "root", text)
        os.chown(folder / "own", NOBODY, NOBODY)

        def same() -> None:
            theirs, _ = _build(folder / "own", text)
            ids = [[str(step.diff_id) for step in built.steps] for built in (ours, theirs)]
            assert ids[0] == ids[1]
            assert ours.id == theirs.id

        assert as_ordinary_user(same) == ""


def test_a_script_leaves_standard_input_to_what_it_runs(tmp_path: Path) -> None:
    need_processes()
    text = 'FROM rootfs:{base}\nUSER nobody\nRUN <<E\n#!/bin/sh -e\ncat\necho "$0 done"\nE\n'
    _, printed = _build(tmp_path, text)
    assert printed == b"/proc/self/fd/3 done\n"


@pytest.mark.root
def test_a_command_that_is_not_there(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs to be root")
    with pytest.raises(StepFailed, match="no such program") as caught:
        _build(tmp_path, 'FROM rootfs:{base}\nRUN ["/nothing"]\n')
    assert caught.value.what == "Dockerfile:2"


def test_where_there_are_no_namespaces(monkeypatch: pytest.MonkeyPatch) -> None:
    from layerscope.containers.runtime import namespaces

    def refuse(network: object) -> None:
        raise CannotRun("namespaces", "this system refuses them")

    monkeypatch.setattr(container_runner, "_may_administer", lambda: False)
    monkeypatch.setattr(namespaces, "make_own", refuse)
    with pytest.raises(CannotRun, match="this system refuses them"):
        ContainerRunner().check()


def test_another_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(CannotRun, match="need Linux"):
        ContainerRunner().check()


class _Ring:
    """Rubbish that only the collector finds, with a file that is closed then."""

    def __init__(self) -> None:
        self.itself, self.file = self, os.open(os.devnull, os.O_RDONLY)

    def __del__(self) -> None:
        os.close(self.file)


def test_rubbish_of_this_process_closes_no_file_of_the_container(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need_processes()
    mount_proc = rootfs._mount_proc

    def collecting(root: str) -> None:
        """As it may happen at any time; now the container's own files are open."""
        if gc.isenabled():
            gc.collect()
        mount_proc(root)

    monkeypatch.setattr(rootfs, "_mount_proc", collecting)
    before = gc.get_threshold()
    gc.set_threshold(1 << 30)
    try:
        for _ in range(200):
            _Ring()
        _build(tmp_path, TEXT)
    finally:
        gc.set_threshold(*before)
