"""What a real daemon printed of its images, told again by the store (tests/golden/system)."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

from layerscope.containers.record import Life, State
from layerscope.containers.runtime.alive import boot, start_time
from layerscope.containers.shelf import find_container, save_container
from layerscope.store.store import Store
from tests.support.command import Cli

SYSTEM = Path("tests/golden/system")
_AGE = re.compile(r"\S+( than)?( an?)? (seconds?|minutes?|years?) ago")
_ID = re.compile(r"\b[0-9a-f]{12}\b")

STEPS = json.loads((SYSTEM / "system.json").read_text())["steps"]


def act(cli: Cli, action: str) -> None:
    """Do what a step of the recording did."""
    words = action.split(" (")[0].split()
    if words[0] == "load":
        ok(cli, "load", f"docker-archive:{SYSTEM / words[1]}.docker.tar")
    elif action.startswith("5 containers"):
        for number in range(5):
            make(cli, f"five{number}", "s-b:1", 10 * number, running=number < 2)
    elif action.startswith("container cc"):
        ok(cli, "volume", "create", "volfree")
        make(cli, "cc", "s-c:1", 300, "-v", "volused:/vol", running=True)
        write(cli, "cc", "/vol/data", 5000)
        (cli.root / "volumes" / "volfree" / "_data" / "data").write_bytes(b"x" * 700)
    elif action.startswith("rm -f all"):
        ok(cli, "rm", "-f", *(row["name"] for row in cli.ok("ps", "-a")))
    else:
        ok(cli, *words)


def ok(cli: Cli, *words: str) -> None:
    outcome = cli(*words)
    assert outcome.code == 0, outcome.err


def make(cli: Cli, name: str, image: str, size: int, *options: str, running: bool) -> None:
    """A container that has written a file; its process is anything that lives."""
    ok(cli, "create", "--name", name, *options, image)
    if size:
        write(cli, name, "/n", size)
    store = Store.open(cli.root)
    state = State.RUNNING if running else State.EXITED
    container = find_container(store, name)
    code = None if running else 137
    now = container.created
    changed = container._replace(
        state=state,
        exit_code=code,
        started_at=now,
        finished_at="" if running else now,
        life=life() if running else None,
    )
    save_container(store, changed)
    store.close()


def life() -> Life:
    """That of a process which only sleeps."""
    pid = subprocess.Popen(["sleep", "600"]).pid
    return Life(pid, pid, start_time(pid) or 0, boot())


def write(cli: Cli, name: str, path: str, size: int) -> None:
    ops = cli.root.parent / "ops.json"
    ops.write_text(json.dumps([{"op": "write", "path": path, "size": size, "byte": "x"}]))
    assert cli.ok("apply", name, str(ops))["done"] == 1


def rows(lines: list[str]) -> list[list[str]]:
    """Table lines without what depends on the clock or hangs on it, in an order of their own."""
    steady = (_ID.sub("ID", _AGE.sub("AGO", line)) for line in lines)
    return sorted(line.split() for line in steady)


def images_section(lines: list[str]) -> list[list[str]]:
    start = lines.index("Images space usage:") + 2
    return rows(lines[start : lines.index("", start)])


def volumes_section(lines: list[str]) -> list[list[str]]:
    start = lines.index("Local Volumes space usage:") + 2
    return rows(lines[start : lines.index("", start)])


def test_images_containers_history_and_df_as_the_daemon_told_them(cli: Cli) -> None:
    for step in STEPS:
        for action in step["action"]:
            act(cli, action)
        check_images(cli, step)
        check_containers(cli, step)
        check_df(cli, step)
        check_history(cli, step)


def check_containers(cli: Cli, step: dict[str, Any]) -> None:
    told = cli("ps", "-a", "-s", "--format", "{{.Names}}\\t{{.Image}}\\t{{.Size}}").out
    assert sorted(told.splitlines()) == sorted(step["cli_ps"])
    found = {(c["name"], c["size_rw"], c["size_root_fs"]) for c in cli.ok("ps", "-a")}
    daemons = step["system_df"]["Containers"]
    assert found == {(c["name"][1:], c["SizeRw"], c["SizeRootFs"]) for c in daemons}
    volumes = {(v["name"], v["size"], len(v["containers"])) for v in cli.ok("volume", "ls")}
    daemons = step["system_df"]["Volumes"]
    assert volumes == {(v["name"], v["Size"], v["RefCount"]) for v in daemons}


def check_images(cli: Cli, step: dict[str, Any]) -> None:
    told = cli("images", "--format", "{{.Repository}}:{{.Tag}}\\t{{.Size}}").out.splitlines()
    assert sorted(told) == sorted(step["cli_images"])
    figures = {
        tag: (image["Size"], image["SharedSize"], image["Containers"])
        for image in step["system_df"]["Images"]
        for tag in image["tags"]
    }
    found = {
        name: (image["size"], image["shared_size"], image["containers"])
        for image in cli.ok("images")
        for name in image["names"] or ["<none>:<none>"]
    }
    assert found == figures


def check_df(cli: Cli, step: dict[str, Any]) -> None:
    assert cli("df").out.splitlines() == step["cli_system_df"]
    assert cli.ok("df")["images"]["size"] == step["system_df"]["LayersSize"]
    told = cli("df", "-v").out.splitlines()
    assert images_section(told) == images_section(step["cli_df_v"])
    assert volumes_section(told) == volumes_section(step["cli_df_v"])


def check_history(cli: Cli, step: dict[str, Any]) -> None:
    for name, expected in step["history"].items():
        told = [
            (row["created_by"], row["size"], row["id"] == "<missing>")
            for row in cli.ok("history", name)
        ]
        assert told == [(e["CreatedBy"], e["Size"], e["missing"]) for e in expected]
