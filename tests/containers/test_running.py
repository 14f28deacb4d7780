"""Processes in containers, as this user: root, or anybody in a user namespace."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from layerscope.containers.record import State
from layerscope.containers.running import Attached
from layerscope.containers.runtime import kernel, namespaces
from layerscope.containers.runtime.alive import start_time
from layerscope.containers.runtime.spec import CannotRun, Network, Process
from layerscope.containers.shelf import find_container, save_container
from layerscope.store.store import Store
from layerscope.usecases.containers import Wanted
from layerscope.usecases.run import execute, run_attached
from tests.support.command import run
from tests.support.processes import need_processes
from tests.support.program import Layerscope

IMAGE = "acme/my-final-image:1.0"


@pytest.fixture
def started(layerscope: Layerscope) -> Iterator[Callable[..., str]]:
    """Starts a container with a name that is gone after the test."""
    names: list[str] = []

    def start(*words: str) -> str:
        names.append(f"c{len(names)}")
        layerscope("run", "-d", "--name", names[-1], *words)
        return names[-1]

    yield start
    for name in names:
        call(layerscope, "rm", "-f", "-v", name)


def test_a_start_loads_little(layerscope: Layerscope) -> None:
    """Each of these would cost a call that starts a container some milliseconds."""
    base = "acme/my-base-image:1.0"
    layerscope("run", "--rm", base, "true")  # the first unpacks the layers
    dear = {"dataclasses", "inspect", "socket", "shutil", "subprocess", "tempfile", "locale"}
    words = ["--root", str(layerscope.store), "run", "--rm", base, "true"]
    code = f"import sys\nfrom layerscope.cli.main import main\nassert main({words!r}) == 0\n"
    code += f"print(sorted({dear!r} & set(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"


def call(layerscope: Layerscope, *words: str) -> subprocess.CompletedProcess[str]:
    return run(*words, root=layerscope.store)


def eventually(true: Callable[[], bool], seconds: float = 10.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.02)
    return False


def state(layerscope: Layerscope, name: str) -> tuple[str, int | None]:
    (row,) = layerscope.json("inspect", name)
    return row["status"], row["exit_code"]


def test_output_and_exit_code(layerscope: Layerscope) -> None:
    script = "echo out; echo err >&2; exit 7"
    ran = call(layerscope, "run", "--name", "once", IMAGE, "sh", "-c", script)
    assert (ran.returncode, ran.stdout, ran.stderr) == (7, "out\n", "err\n")
    assert state(layerscope, "once") == ("exited", 7)
    logged = layerscope.json("logs", "once")
    assert sorted((line["stream"], line["text"]) for line in logged) == [
        ("stderr", "err\n"),
        ("stdout", "out\n"),
    ]
    layerscope("rm", "-v", "once")


def test_removed_when_it_ends(layerscope: Layerscope) -> None:
    assert call(layerscope, "run", "--rm", IMAGE, "false").returncode == 1
    assert layerscope.json("ps", "-a") == []
    assert layerscope.json("volume", "ls") == []


def test_removed_when_it_ends_with_nobody_waiting(layerscope: Layerscope) -> None:
    layerscope("run", "-d", "--rm", "--name", "goes", IMAGE, "sleep", "0.3")
    assert [row["name"] for row in layerscope.json("ps")] == ["goes"]
    assert eventually(lambda: layerscope.json("ps", "-a") == [])
    assert eventually(lambda: layerscope.json("volume", "ls") == [])
    layerscope("run", "-d", "--rm", IMAGE, "true")
    assert eventually(lambda: layerscope.json("ps", "-a") == [])


@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        (("nonsense",), 127, "there is no such program"),
        (("/etc/passwd",), 126, "permission denied"),
        (("/nowhere/sh",), 127, "there is no such program"),
    ],
)
def test_what_cannot_run(
    layerscope: Layerscope, words: tuple[str, ...], code: int, why: str
) -> None:
    ran = call(layerscope, "run", "--rm", IMAGE, *words)
    assert ran.returncode == code
    assert ran.stderr.startswith("layerscope: ")
    assert why in ran.stderr
    assert ran.stdout == ""


def test_settings(layerscope: Layerscope) -> None:
    options = ("-e", "LANG=de", "-e", "A=1", "-w", "/var/new", "--hostname", "here")
    ran = call(layerscope, "run", "--rm", *options, IMAGE, "sh", "-c", "env; pwd; hostname")
    lines = ran.stdout.splitlines()
    assert {"LANG=de", "A=1", "PATH=/bin", "HOME=/root", "HOSTNAME=here"} <= set(lines)
    assert lines[-2:] == ["/var/new", "here"]
    assert sum(line.startswith("LANG=") for line in lines) == 1


def test_users(layerscope: Layerscope) -> None:
    ran = call(layerscope, "run", "--rm", "-u", "web", IMAGE, "id")
    if os.geteuid() != 0:
        assert "knows only one user" in ran.stderr
        return
    assert "uid=33(web)" in ran.stdout
    assert "44(log)" in ran.stdout
    ran = call(layerscope, "run", "--rm", "-u", "web:log", IMAGE, "id")
    assert ran.stdout == "uid=33(web) gid=44(log) groups=44(log)\n"
    assert "uid=7 gid=9" in call(layerscope, "run", "--rm", "-u", "7:9", IMAGE, "id").stdout
    for unknown in ("nobody", "4294967295", "99999999999", "²", "0:nobody", "0:4294967295"):
        ran = call(layerscope, "run", "--rm", "-u", unknown, IMAGE, "id")
        assert "of that name" in ran.stderr
        assert (ran.returncode, ran.stdout) == (1, "")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("-e", "=x"), "-e '=x': it has no name"),
        (("-e", ""), "-e '': it has no name"),
        (("--hostname", "ö" * 33), "is longer than 64 bytes, the most that Linux has"),
    ],
)
def test_words_that_are_off(layerscope: Layerscope, words: tuple[str, ...], why: str) -> None:
    ran = call(layerscope, "run", *words, IMAGE, "true")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert why in ran.stderr
    assert layerscope.json("ps", "-a") == []


def test_what_it_sees(layerscope: Layerscope) -> None:
    """Its own processes, no network but a loopback, no more of the host's kernel than Docker's."""
    script = (
        "ls /proc | grep -c '^[0-9]'; cat /proc/net/dev | wc -l; echo x > /proc/sysrq-trigger;"
        "echo ok > /dev/null; ls /dev/pts /dev/shm; echo 1 > /sys/kernel/uevent_seqnum"
    )
    ran = call(layerscope, "run", "--rm", "--toolbox", IMAGE, "sh", "-c", script)
    lines = ran.stdout.splitlines()
    assert int(lines[0]) <= 6
    assert lines[1] == "3"
    assert "can.t create /sys/kernel/uevent_seqnum: Read-only" in ran.stderr.replace(chr(39), ".")
    assert "sysrq-trigger" in ran.stderr


def test_one_more_command(layerscope: Layerscope, started: Callable[..., str]) -> None:
    name = started("-e", "A=1", IMAGE, "sleep", "1000")
    ran = call(layerscope, "exec", "-e", "B=2", "-w", "/tmp", name, "sh", "-c", "pwd; env; exit 5")
    assert ran.returncode == 5
    assert ran.stdout.splitlines()[0] == "/tmp"
    assert {"A=1", "B=2", "LANG=C"} <= set(ran.stdout.splitlines())
    assert call(layerscope, "exec", name, "nonsense").returncode == 127
    piped = subprocess.run(
        [sys.executable, "-m", "layerscope", "exec", "-i", name, "cat"],
        env={**os.environ, "LAYERSCOPE_ROOT": str(layerscope.store)},
        input=b"typed\n",
        capture_output=True,
    )
    assert piped.stdout == b"typed\n"
    layerscope("stop", "-t", "0", name)
    ran = call(layerscope, "exec", name, "true")
    assert (ran.returncode, "it is not running" in ran.stderr) == (1, True)


def test_the_dead_are_buried(layerscope: Layerscope, started: Callable[..., str]) -> None:
    name = started(IMAGE, "sh", "-c", "(sleep 0.1 &) ; (sleep 0.2 &) ; exec sleep 1000")
    time.sleep(0.6)
    shown = layerscope("exec", name, "ps", "-o", "stat,args")
    assert "Z" not in [line.split()[0][0] for line in shown.splitlines()[1:]]


def test_stop_asks_and_then_insists(layerscope: Layerscope, started: Callable[..., str]) -> None:
    polite = started(IMAGE, "sh", "-c", "trap 'exit 3' TERM; while :; do sleep 0.05; done")
    deaf = started(IMAGE, "sh", "-c", "trap '' TERM; while :; do sleep 0.05; done")
    time.sleep(0.3)
    layerscope("stop", "-t", "10", polite)
    layerscope("stop", "-t", "0", deaf)
    assert state(layerscope, polite) == ("exited", 3)
    assert state(layerscope, deaf) == ("exited", 137)
    layerscope("start", polite)
    assert state(layerscope, polite) == ("running", None)
    layerscope("kill", "-s", "KILL", polite)
    assert layerscope("wait", polite) == "137\n"


@pytest.mark.parametrize(
    ("signal_name", "code"), [("SIGRTMIN+3", 9), ("SIGNONE", 3)], ids=["real-time", "unknown"]
)
def test_stop_asks_with_the_image_s_signal(
    layerscope: Layerscope, started: Callable[..., str], signal_name: str, code: int
) -> None:
    """One that there isn't is SIGTERM, as for Docker."""
    store = Store.open(layerscope.store)
    script = "trap 'exit 3' TERM; trap 'exit 9' 37; while :; do sleep 0.05; done"
    names = [started(IMAGE, "sh", "-c", script) for _ in range(2)]
    for name in names:
        container = find_container(store, name)
        settings = container.settings._replace(stop_signal=signal_name)
        save_container(store, container._replace(settings=settings))
    time.sleep(0.3)
    layerscope("stop", names[0])
    assert state(layerscope, names[0]) == ("exited", code)
    layerscope("rm", "-f", names[1])
    store.close()


def test_one_that_goes_when_it_ends_is_waited_for(layerscope: Layerscope) -> None:
    script = "sleep 0.5; echo last words; exit 7"
    name = layerscope("run", "-d", "--rm", IMAGE, "sh", "-c", script).strip()
    words = (sys.executable, "-m", "layerscope", "--root", str(layerscope.store))
    following = subprocess.Popen((*words, "logs", "-f", name), stdout=subprocess.PIPE)
    assert layerscope("wait", name) == "7\n"
    assert following.communicate()[0] == b"last words\n"
    assert following.returncode == 0
    assert call(layerscope, "wait", name).returncode == 1


def test_nothing_of_the_caller_s_stays_open(layerscope: Layerscope) -> None:
    """A lock that whoever starts a container holds, or a pipe that others read from."""
    reader, writer = os.pipe()
    os.set_inheritable(writer, True)
    words = ("run", "-d", "--name", "apart", IMAGE, "sleep", "1000")
    command = (sys.executable, "-m", "layerscope", "--root", str(layerscope.store), *words)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, close_fds=False)
    os.close(writer)
    assert os.read(reader, 1) == b""
    os.close(reader)
    layerscope("rm", "-f", "-v", "apart")


def test_a_signal_reaches_the_program(layerscope: Layerscope, started: Callable[..., str]) -> None:
    name = started(IMAGE, "sh", "-c", "trap 'echo got it' USR1; while :; do sleep 0.05; done")
    time.sleep(0.3)
    layerscope("kill", "-s", "USR1", name)
    assert eventually(lambda: "got it" in layerscope("logs", name))


def test_volumes(layerscope: Layerscope, tmp_path: Path, started: Callable[..., str]) -> None:
    (tmp_path / "host").mkdir()
    (tmp_path / "file").write_text("from the host\n")
    name = started(
        *("-v", "named:/var/lib", "-v", f"{tmp_path / 'host'}:/mnt/host"),
        *("--mount", f"type=bind,src={tmp_path / 'file'},dst=/etc/file,readonly"),
        *(IMAGE, "sleep", "1000"),
    )
    script = "ls /var/lib; cat /etc/file; echo hi > /mnt/host/new; echo no > /etc/file"
    ran = call(layerscope, "exec", name, "sh", "-c", script)
    assert ran.stdout == "db\nfrom the host\n"
    assert "Read-only" in ran.stderr
    assert (tmp_path / "host" / "new").read_text() == "hi\n"
    (row,) = (row for row in layerscope.json("ps") if row["name"] == name)
    assert row["size_rw"] == 0
    layerscope("rm", "-f", "-v", name)
    layerscope("volume", "rm", "named")


def test_a_monitor_that_dies_takes_its_container_along(
    layerscope: Layerscope, started: Callable[..., str]
) -> None:
    name = started(IMAGE, "sleep", "1000")
    store = Store.open(layerscope.store)
    life = find_container(store, name).life
    assert life is not None
    os.kill(life.monitor, signal.SIGKILL)
    assert eventually(lambda: start_time(life.pid) is None)
    assert state(layerscope, name) == ("exited", 255)
    assert "Exited (255)" in layerscope("ps", "-a")
    layerscope("start", name)
    assert state(layerscope, name) == ("running", None)
    store.close()


def test_a_pid_of_somebody_else_is_no_container(
    layerscope: Layerscope, started: Callable[..., str]
) -> None:
    """After the machine was started anew the same number may be another process's."""
    name = started(IMAGE, "sleep", "1000")
    layerscope("stop", "-t", "0", name)
    store = Store.open(layerscope.store)
    container = find_container(store, name)
    other = os.getpid()
    from layerscope.containers.record import Life

    for life in (
        Life(other, other, start_time(other) or 0, "another boot"),
        Life(other, other, 1, "another boot"),
    ):
        save_container(store, container._replace(state=State.RUNNING, life=life))
        assert find_container(store, name).state is State.EXITED
        layerscope("stop", name)
    assert start_time(other) is not None
    store.close()


def test_who_watched_has_its_signals_and_pipes_as_before(
    layerscope: Layerscope, started: Callable[..., str]
) -> None:
    """A process that was left with SIGPIPE's default would die of a pipe that nobody reads."""
    name = started(IMAGE, "sleep", "1000")
    store = Store.open(layerscope.store)
    program = ("sh", "-c", "exit 3")

    def watch() -> None:
        assert execute(store, name, Process(program), Attached()) == 3
        assert run_attached(store, IMAGE, Wanted(command=program, remove=True), Attached()) == 3

    watch()  # the first loads what is open from then on
    before = (_handlers(), _pipes())
    watch()
    assert (_handlers(), _pipes()) == before
    assert signal.getsignal(signal.SIGPIPE) is signal.SIG_IGN
    assert signal.set_wakeup_fd(-1) == -1
    store.close()


def _handlers() -> list[object]:
    return [signal.getsignal(number) for number in sorted(signal.valid_signals())]


def _pipes() -> list[str]:
    descriptors = Path("/proc/self/fd")
    targets = [os.readlink(path) for path in descriptors.iterdir() if path.is_symlink()]
    return sorted(target for target in targets if target.startswith("pipe:"))


def test_busy_while_it_runs(
    layerscope: Layerscope, started: Callable[..., str], tmp_path: Path
) -> None:
    name = started(IMAGE, "sleep", "1000")
    (tmp_path / "ops").write_text(json.dumps([{"op": "write", "path": "/x", "data": "y"}]))
    ran = call(layerscope, "apply", name, str(tmp_path / "ops"))
    assert ran.returncode == 1
    assert "another process is working" in ran.stderr
    assert call(layerscope, "rm", name).returncode == 1
    assert call(layerscope, "start", "-a", name).returncode == 1
    assert layerscope("start", name) == f"{name}\n"  # it goes on
    layerscope("exec", name, "sh", "-c", "echo written > /tmp/new")
    layerscope("commit", name, "committed:1")
    assert layerscope("cat", "committed:1", "/tmp/new") == "written\n"
    layerscope("rmi", "committed:1")


def test_an_image_that_would_lead_mounts_astray(tmp_path: Path) -> None:
    need_processes()
    root = tmp_path / "root"
    root.mkdir()
    (root / "proc").symlink_to("/etc")
    layerscope = Layerscope(tmp_path / "store")
    layerscope("load", f"rootfs:{root}", "-t", "astray:1")
    ran = call(layerscope, "run", "--rm", "--toolbox", "astray:1", "sh", "-c", "true")
    assert ran.returncode == 1
    assert "/proc: the image has something else than a directory there" in ran.stderr


def test_the_toolbox_costs_nothing(tmp_path: Path) -> None:
    need_processes()
    root = tmp_path / "root"
    root.mkdir()
    (root / "only-this").write_text("12345")
    layerscope = Layerscope(tmp_path / "store")
    layerscope("load", f"rootfs:{root}", "-t", "bare:1")
    assert call(layerscope, "run", "--rm", "bare:1", "sh", "-c", "true").returncode == 127
    words = ("run", "--name", "c", "--toolbox", "bare:1", "sh", "-c", "ls / | tr '\\n' ' '")
    assert layerscope(*words).split() == ["bin", "dev", "etc", "only-this", "proc", "sys"]
    (row,) = layerscope.json("ps", "-a")
    assert (row["size_rw"], row["size_root_fs"]) == (0, 5)
    assert layerscope.json("diff", "c") == []


def test_where_user_namespaces_are_forbidden(monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence, and what to do."""

    def refuse(flags: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(kernel, "unshare", refuse)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(CannotRun) as raised:
        namespaces.make_own(Network.NONE)
    assert "does not let a user have a namespace of his own" in raised.value.why
    assert "kernel.unprivileged_userns_clone=1" in (raised.value.hint or "")
