"""Keys, clicks, pastes and sizes at random: the explorer stands, and leaves well."""

from __future__ import annotations

import random
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from layerscope.containers.record import Mount
from layerscope.store.store import Store
from layerscope.usecases.containers import Wanted, apply, create
from tests.support.pty import Terminal
from tests.support.stores import load

_TOP = Path(__file__).parents[2]
_SAMPLES = _TOP / "sample_images"
_TARGETS = (
    None,
    _SAMPLES / "five-layers.docker.tar",
    _SAMPLES / "wasteful.docker.tar",
    _SAMPLES / "mixed-codecs.oci.tar",
)
_ARROWS = ("\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D", "\x1b[5~", "\x1b[6~", "\x1b[H", "\x1b[F")
_KEYS = (
    *"hjklgGnNaAMDUBmcwrbsypdu:/?+-*0123456789[] .",
    *("\t", "\r", "\r", "\x1b", "\x1b", "\x7f", "\x1b[Z", "\x10", "\x1bOQ"),
    *_ARROWS,
    *("\x1b[200~usr/bin\x1b[201~", "etc", "*.so"),
)
_SIZES = ((80, 24), (120, 40), (200, 50), (60, 15), (99, 30), (40, 10))
_STEPS = 60


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with an image, containers that wrote something, and a blob that nothing needs."""
    root = tmp_path_factory.mktemp("random") / "store"
    store = Store.open(root)
    load(store, _SAMPLES / "five-layers.docker.tar")
    image = str(store.images()[0].id)
    for number in range(6):
        mounts = (Mount("/data", f"v{number}"),)
        create(store, image, Wanted(name=f"c{number}", mounts=mounts))
        apply(store, f"c{number}", [{"op": "write", "path": f"/f{number}", "data": "x" * number}])
    with store.hold() as hand:
        store.blobs.put(b"rubbish", hand)
    store.close()
    return root


def _steps(chance: random.Random) -> Iterator[str | tuple[int, int]]:
    """Keys, clicks and wheel turns to send, and sizes to take."""
    columns, rows = _SIZES[0]
    for _ in range(_STEPS):
        match chance.choices(("key", "mouse", "size"), (85, 11, 4))[0]:
            case "key":
                yield "".join(chance.choices(_KEYS, k=chance.choice((1, 1, 1, 3))))
            case "mouse":
                where = f"{chance.randint(1, columns)};{chance.randint(1, rows)}"
                button = chance.choice((0, 0, 0, 2, 64, 65))
                yield f"\x1b[<{button};{where}M\x1b[<{button};{where}m"
            case _:
                columns, rows = chance.choice(_SIZES)
                yield columns, rows


@pytest.fixture
def own(root: Path, tmp_path: Path) -> Path:
    """A copy of it: what is pressed may delete it all."""
    return Path(shutil.copytree(root, tmp_path / "store", symlinks=True))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8))
def test_whatever_is_pressed_it_stands(own: Path, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    target = chance.choice(_TARGETS)
    words = [sys.executable, "-m", "layerscope", "--root", str(own)]
    words += [str(target)] if target else []
    _stands(words, tmp_path, chance, "")


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(
    ("key", "screen"), [("C", "Containers — "), ("S", "Store — "), ("B", "Build — ")]
)
def test_other_screens_stand_too(
    own: Path, tmp_path: Path, key: str, screen: str, seed: int
) -> None:
    words = [sys.executable, "-m", "layerscope", "--root", str(own)]
    _stands(words, tmp_path, random.Random(f"{key}{seed}"), key, screen)


def _stands(
    words: list[str], cwd: Path, chance: random.Random, first: str, screen: str = ""
) -> None:
    home = {"PYTHONPATH": str(_TOP)}
    with Terminal(words, columns=80, rows=24, cwd=cwd, environment=home) as terminal:
        terminal.wait_for(lambda text: "opening" not in text and bool(text.strip()))
        if first:
            terminal.settle()
            terminal.send(first)
            terminal.wait_for(screen)
        for step in _steps(chance):
            if isinstance(step, str):
                terminal.send(step)
            else:
                terminal.resize(*step)
            terminal.settle(quiet=chance.choice((0.01, 0.05, 0.15)), patience=0.05)
            assert terminal.process.poll() is None, f"after {step!r}:\n{terminal.text}"
        terminal.settle(quiet=11, patience=11)  # as long as a notice stands
        assert terminal.settle(patience=1.5).size == 0
        terminal.send("\x03")
        assert terminal.wait(10) == 0
    assert terminal.sent.count(b"\x1b[?1049h") == terminal.sent.count(b"\x1b[?1049l") == 1
