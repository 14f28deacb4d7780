"""Containers under a mixed load, and the live ledger beside a walk after every round of it.

``python -m tests.bench.soak --minutes 30``: five containers with real processes; in each round they
unpack and delete many files, append to logs, rename directories in a loop, write through mmap, and
change files of the image, all at once. When they fall quiet, what the explorer's watching process
says is compared with a walk; the exit code is 1 if it was ever wrong after it had settled.
"""

from __future__ import annotations

import argparse
import mmap
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from layerscope.accounting.sizes import layer_usage
from layerscope.containers.record import Container
from layerscope.containers.runtime import namespaces
from layerscope.containers.shelf import all_containers, folder_of
from layerscope.store.store import Store
from layerscope.usecases.containers import Wanted, diff, remove
from layerscope.usecases.run import run_detached
from tests.support.processes import write_images
from tests.support.stores import load
from tests.support.watching import Watcher

_IMAGE = "acme/my-final-image:1.0"
_SETTLES = 2.0  # seconds: the bound for up to 100,000 files
_UNPACK = """
mkdir -p /many && cd /many && rm -rf now && mkdir now && cd now
i=0; while [ $i -lt {folders} ]; do mkdir d$i; j=0
while [ $j -lt 100 ]; do echo $i $j > d$i/f$j; j=$((j+1)); done; i=$((i+1)); done
"""
_LOADS = (
    _UNPACK,
    "i=0; while [ $i -lt {steps} ]; do seq 50 >> /var/log.$((i%3)); i=$((i+1)); done; "
    ": > /var/log.0",
    "mkdir -p /r/a/b/c; seq 9 > /r/a/b/c/f; i=0; while [ $i -lt {steps} ]; do mv /r/a /r/z; "
    "seq $i > /r/z/b/new$((i%7)); mv /r/z /r/a; i=$((i+1)); done",
    "i=0; while [ $i -lt {steps} ]; do printf $i | dd of=/var/lib/db bs=1 seek=$i conv=notrunc "
    "2>/dev/null; i=$((i+1)); done",
    "rm -rf /app /tmp/x; mkdir -p /app /tmp/x; i=0; while [ $i -lt {steps} ]; do "
    "seq $i > /tmp/x/$((i%50)); rm -f /tmp/x/$(((i+25)%50)); i=$((i+1)); done; "
    "chmod 700 /etc/passwd",
)


def run_in(store: Store, container: Container, script: str) -> subprocess.Popen[bytes]:
    """A script as one more process of a container."""
    words = ["--root", str(store.root), "exec", container.id, "sh", "-c", script]
    return subprocess.Popen(
        [sys.executable, "-m", "layerscope", *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def write_by_mmap(container: Container) -> int:
    """A process in the container that grows a file and writes it through a mapping."""
    assert container.life is not None
    held = namespaces.hold(container.life.pid)
    child = os.fork()
    if child:
        for fd in held.values():
            os.close(fd)
        return child
    try:
        namespaces.enter(held)
        size = random.randrange(1, 64) * 4096
        fd = os.open("/mapped", os.O_RDWR | os.O_CREAT, 0o644)
        os.ftruncate(fd, size)
        with mmap.mmap(fd, size) as memory:
            memory[:] = b"m" * size
    finally:
        os._exit(0)


def play(store: Store, containers: list[Container], rng: random.Random, scale: float) -> None:
    """One round: every container has every load once, in another order each."""
    scripts = [one.replace("{", "{{").replace("}", "}}") for one in _LOADS]
    scripts = [
        one.replace("{{folders}}", "{folders}").replace("{{steps}}", "{steps}") for one in scripts
    ]
    running: list[subprocess.Popen[bytes]] = []
    for number, container in enumerate(containers):
        for load_number in rng.sample(range(len(scripts)), 2):
            folders = int(scale * (1000 if number == 0 else 60))
            text = scripts[load_number].format(folders=folders, steps=int(scale * 300))
            running.append(run_in(store, container, text))
        os.waitpid(write_by_mmap(container), 0)
    for process in running:
        process.wait()


def check(store: Store, containers: list[Container], watcher: Watcher) -> tuple[int, float, int]:
    """(how many were wrong, seconds until all were right and settled, files in the largest)."""
    began = time.monotonic()
    wrong = len(containers)
    walks = {c.id: layer_usage(folder_of(store, c) / "upper").size for c in containers}
    while wrong and time.monotonic() - began < 10 * _SETTLES:
        time.sleep(0.02)
        told = {identity: watcher.figures.get(identity) for identity in walks}
        wrong = sum(f is None or not f.settled or f.size != walks[i] for i, f in told.items())
    took = time.monotonic() - began
    for container in containers:
        figures = watcher.figures[container.id]
        if figures.settled and figures.size != walks[container.id]:
            print(f"WRONG {container.name}: {figures.size} told, {walks[container.id]} walked")
    return wrong, took, max(watcher.figures[i].files for i in walks)


def main() -> int:
    """Soak; 1 if the ledger was ever wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--scale", type=float, default=1.0, help="1: up to 100,000 files in one")
    args = parser.parse_args()
    rng = random.Random(args.seed)
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(Path(folder) / "store")
        load(store, f"docker-archive:{write_images(Path(folder) / 'i.tar')}:{_IMAGE}")
        for number in range(5):
            run_detached(store, _IMAGE, Wanted(name=f"c{number}", command=("sleep", "100000")))
        containers = all_containers(store)
        watcher = Watcher(store.root)
        end, rounds, wrong, worst = time.monotonic() + args.minutes * 60, 0, 0, 0.0
        try:
            while time.monotonic() < end:
                began = time.monotonic()
                play(store, containers, rng, args.scale)
                bad, took, files = check(store, containers, watcher)
                rounds, wrong, worst = rounds + 1, wrong + bad, max(worst, took)
                print(
                    f"round {rounds}: {time.monotonic() - began:.0f} s, {files:,} files, "
                    f"settled after {took:.2f} s, {bad} wrong, cpu {watcher.cpu_seconds:.0f} s",
                    flush=True,
                )
            listed = sum(len(diff(store, c.id).changes) for c in containers)
            print(
                f"{rounds} rounds, {wrong} wrong, at worst {worst:.2f} s; {listed} changes listed"
            )
        finally:
            watcher.process.terminate()
            for container in containers:
                remove(store, container.id, force=True, with_volumes=True)
            store.close()
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
