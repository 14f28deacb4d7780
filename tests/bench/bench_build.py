"""The walk-through's two Dockerfiles, built by layerscope and by dockerd's classic builder."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.compiled import COMPILED
from tests.bench.inputs import Inputs
from tests.bench.table import Row, seconds
from tests.support.build_cases import BASE, make_base, make_context
from tests.support.peers import Docker, docker_daemon

_TOP = Path(__file__).parents[2]
_FIRST, _FINAL = "example/my-base-image:1", "example/my-final-image:1"
_DOCKERFILES = {
    _FIRST: f'FROM {BASE}\nRUN cp /bin/busybox /bash\nCMD ["sh"]\n',
    _FINAL: f"FROM {_FIRST}\nCOPY . /app\nRUN chmod +x /app/hello.sh\nCMD /app/hello.sh\n",
}
_SHARE = 0.5  # of dockerd's time


def rows(inputs: Inputs, runs: int) -> Iterator[Row]:
    """Milliseconds of both builds, and of one whose steps are all in the cache."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        contexts = {image: _context(folder, image) for image in _DOCKERFILES}
        base = make_base(folder / "rootfs.tar")
        _call(folder, "load", f"rootfs:{base}", "-t", BASE)

        def ours() -> None:
            for image, context in contexts.items():
                _call(folder, "build", "--no-cache", "-t", image, str(context))

        if shutil.which("dockerd") and os.geteuid() == 0:
            (folder / "docker").mkdir()
            with docker_daemon(folder / "docker") as docker:
                docker("import", str(base), BASE)
                # In turn, so that whatever else runs slows both.
                pairs = [(seconds(ours), _dockers(docker, contexts)) for _ in range(runs)]
            own, theirs = (statistics.median(one) * 1e3 for one in zip(*pairs, strict=True))
            limit, peers = theirs * _SHARE, f"dockerd {theirs:.0f} ms ({own / theirs:.2f})"
        else:
            own = statistics.median(seconds(ours) for _ in range(runs)) * 1e3
            limit, peers = None, ""
        yield Row("the walk-through's two images built", own, "ms", limit, peers)
        words = ("build", "-t", _FINAL, str(contexts[_FINAL]))
        _call(folder, *words)
        cached = [seconds(lambda: _call(folder, *words)) for _ in range(max(10, runs))]
        yield Row("the second one, all from the cache", statistics.median(cached) * 1e3, "ms", 150)


def _context(folder: Path, image: str) -> Path:
    context = make_context(folder / image.rpartition("/")[2].partition(":")[0])
    (context / "Dockerfile").write_text(_DOCKERFILES[image])
    return context


def _dockers(docker: Docker, contexts: dict[str, Path]) -> float:
    words = ("build", "--network", "none", "--no-cache", "-q", "-t")
    return seconds(lambda: [docker(*words, name, str(place)) for name, place in contexts.items()])


def _call(folder: Path, *words: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "layerscope", *words],
        env={**os.environ, **COMPILED, "LAYERSCOPE_ROOT": str(folder / "store")},
        cwd=_TOP,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
    )
