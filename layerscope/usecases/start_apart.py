"""Starts a container from a process of its own: ``python -m layerscope.usecases.start_apart ROOT
NAME``. The child of a program with threads could wait for what another of them held at the fork."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from layerscope.containers.runtime.spec import error_line, error_of
from layerscope.errors import LayerscopeError
from layerscope.store.store import Store
from layerscope.usecases.run import start


def start_apart(root: Path, name: str) -> None:
    """Start a container of the store at ``root``; raises as ``start`` does."""
    ran = subprocess.run(
        (sys.executable, "-m", __name__, str(root), name),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    if ran.returncode != 0:
        raise error_of(ran.stdout)


def main(words: Sequence[str]) -> int:
    """Start it; what went wrong is a line on stdout."""
    root, name = words
    try:
        start(Store.open(Path(root)), name)
    except LayerscopeError as error:
        failed = error
    except OSError as error:
        failed = LayerscopeError(str(error.filename or name), str(error.strerror))
    else:
        return 0
    sys.stdout.buffer.write(error_line(failed))
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
