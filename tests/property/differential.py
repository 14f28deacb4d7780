"""Engine against kernel for as long as asked: ``python -m tests.property.differential --help``."""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

from tests.support.differential import FORM, USER_FORM, Bench


def main() -> int:
    """Run the number of operations that is asked for; 1 if a difference was found."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--ops", type=int, default=100_000)
    words.add_argument("--length", type=int, default=400, help="operations in one sequence")
    words.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    words.add_argument("--dir", type=Path, default=Path("/dev/shm"))
    words.add_argument("--keep-going", action="store_true")
    words.add_argument("--userxattr", action="store_true", help="the form without trusted xattrs")
    asked = words.parse_args()
    print(f"seed {asked.seed}", flush=True)
    with tempfile.TemporaryDirectory(dir=asked.dir) as directory:
        bench = Bench(Path(directory) / "bench", asked.seed, USER_FORM if asked.userxattr else FORM)
        try:
            return _run(bench, asked)
        finally:
            bench.close()


def _run(bench: Bench, asked: argparse.Namespace) -> int:
    done = different = 0
    start = time.monotonic()
    while done < asked.ops:
        seed = asked.seed * 1_000_003 + done
        lowers, ops = bench.sequence(seed, asked.length)
        found = bench.compare(lowers, ops)
        done += len(ops)
        if found:
            different += 1
            _report(bench, lowers, ops, seed)
            if not asked.keep_going:
                break
    seconds = time.monotonic() - start
    print(f"{done} operations, {different} sequences differ, {done / seconds:.0f} op/s")
    return 1 if different else 0


def _report(bench: Bench, lowers: list[Path], ops: list[tuple[object, ...]], seed: int) -> None:
    short = bench.shrink(lowers, ops)
    print(f"difference at seed {seed}, {len(lowers)} layers; {len(short)} operations show it:")
    for op in short:
        print(f"  {op!r:.160}")
    for line in bench.compare(lowers, short)[:12]:
        print(f"  -> {line}")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
