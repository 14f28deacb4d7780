"""Throws damaged layers and images at everything that reads them.

``python -m tests.bench.fuzz --count 200000 --seed 1``: prints each input that ends in anything but
success or an error that is meant, that takes over five seconds of the processor (or a minute), or
that ends the process; exit code 1 if there is one. ``--only N`` does one input again, with its
traceback; ``--save FILE`` keeps it.
"""

from __future__ import annotations

import argparse
import faulthandler
import mmap
import os
import resource
import select
import shutil
import signal
import struct
import sys
import time
import traceback
from dataclasses import dataclass
from pathlib import Path

from tests.support import fuzz_inputs
from tests.support.fuzz_checks import Room

_TOO_LONG = 5.0
_FOR_EVER = 300
_MEMORY = 3 << 30
_IMAGE_EVERY = 8
_STATE = struct.Struct("<q")


def run_one(number: int, seed: int, room: Room) -> None:
    """Make input ``number`` and check it. Raises what should not be raised."""
    if number % _IMAGE_EVERY == 0:
        room.check_image(fuzz_inputs.image(number, seed), number // _IMAGE_EVERY)
    else:
        room.check_layer(fuzz_inputs.layer(number, seed), number)


@dataclass(slots=True)
class _Worker:
    """A process that does some of the inputs; ``state`` says which it has in hand."""

    pid: int
    pipe: int
    state: mmap.mmap
    number: int = -1
    processor: float = 0.0
    looks: int = 0

    def look(self) -> bool:
        """Whether it goes on well: the input in hand has not taken too long.

        By its own processor time, because others may use the machine; by the number of looks for
        one that waits for ever, because a machine may stand still for a while.
        """
        (number,) = _STATE.unpack_from(self.state)
        used = _processor_seconds(self.pid)
        if number != self.number:
            self.number, self.processor, self.looks = number, used, 0
        self.looks += 1
        return used - self.processor < _TOO_LONG and self.looks < _FOR_EVER


def _processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _start(first: int, step: int, last: int, seed: int, folder: Path) -> _Worker:
    state = mmap.mmap(-1, _STATE.size)
    _STATE.pack_into(state, 0, first)
    near, far = os.pipe()
    pid = os.fork()
    if pid:
        os.close(far)
        return _Worker(pid, near, state)
    # Asked for before it is killed: where it hangs.
    faulthandler.register(signal.SIGUSR1)
    resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY, _MEMORY))
    room = Room(folder / str(os.getpid()))
    for number in range(first, last, step):
        _STATE.pack_into(state, 0, number)
        try:
            run_one(number, seed, room)
        except BaseException as error:
            frame = traceback.extract_tb(error.__traceback__)[-1]
            what = f"{type(error).__name__}: {error!s:.200}".replace("\n", " ")
            os.write(far, f"{number}: {what} ({frame.filename}:{frame.lineno})\n".encode())
    room.close()
    os._exit(0)


def fuzz(first: int, last: int, seed: int, jobs: int, folder: Path) -> list[str]:
    """Check inputs ``first`` to ``last`` - 1 in ``jobs`` processes; a line for each that failed."""
    found: list[str] = []
    workers = [_start(first + number, jobs, last, seed, folder) for number in range(jobs)]
    shown = time.monotonic()
    while workers:
        for worker in list(workers):
            if _still_running(worker, found):
                continue
            workers.remove(worker)
            following = worker.number + jobs
            if found and found[-1].startswith(f"{worker.number}: it ") and following < last:
                workers.append(_start(following, jobs, last, seed, folder))
        if time.monotonic() - shown > 10 and workers:
            shown = time.monotonic()
            print(f"at {min(w.number for w in workers)}, {len(found)} failed", file=sys.stderr)
    return found


def _still_running(worker: _Worker, found: list[str]) -> bool:
    """Hear a worker; False once it has ended, with a line in ``found`` if it should not have."""
    if select.select([worker.pipe], [], [], 0.2)[0]:
        lines = os.read(worker.pipe, 1 << 16).decode(errors="replace").splitlines()
        found += lines
        for line in lines:
            print(line, flush=True)
    well = worker.look()
    if not well:
        os.kill(worker.pid, signal.SIGUSR1)
        time.sleep(1)
        os.kill(worker.pid, signal.SIGKILL)
    pid, status = os.waitpid(worker.pid, os.WNOHANG if well else 0)
    if not pid:
        return True
    if status:
        why = f"it ends the process ({status})" if well else "it takes too long"
        found.append(f"{worker.number}: {why}")
        print(found[-1], flush=True)
    os.close(worker.pipe)
    return False


def main() -> int:
    """Read the words, fuzz, and tell."""
    words = argparse.ArgumentParser(prog="python -m tests.bench.fuzz", description=__doc__)
    words.add_argument("--count", type=int, default=200_000, help="how many inputs")
    words.add_argument("--first", type=int, default=0, help="the number of the first")
    words.add_argument("--seed", type=int, default=1, help="which inputs")
    words.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="how many processes")
    words.add_argument("--only", type=int, help="do this input alone")
    words.add_argument("--save", type=Path, help="write the input of --only here")
    words.add_argument("--folder", type=Path, default=Path("/dev/shm"), help="where to work")
    asked = words.parse_args()
    folder = asked.folder / f"fuzz-{os.getpid()}"
    try:
        if asked.only is not None:
            return _again(asked.only, asked.seed, asked.save, folder)
        started = time.monotonic()
        last = asked.first + asked.count
        found = fuzz(asked.first, last, asked.seed, asked.jobs, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{asked.count} inputs, {len(found)} failed, {time.monotonic() - started:.0f} s")
    return 1 if found else 0


def _again(number: int, seed: int, save: Path | None, folder: Path) -> int:
    make = fuzz_inputs.image if number % _IMAGE_EVERY == 0 else fuzz_inputs.layer
    if save:
        save.write_bytes(make(number, seed))
    room = Room(folder)
    try:
        run_one(number, seed, room)
    finally:
        room.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
