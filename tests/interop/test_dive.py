"""dive, whose figures `analyze` and `check` have."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from layerscope.analysis.efficiency import Efficiency
from layerscope.store.store import Store
from layerscope.usecases.analyze import analyze
from layerscope.usecases.opened import open_image
from tests.bench import dive
from tests.support.peers import unavailable

pytestmark = pytest.mark.interop

_SAMPLES = Path("sample_images").resolve()


@pytest.fixture(scope="module")
def program() -> str:
    """Where dive is."""
    found = dive.program()
    if found is None:
        unavailable("dive not installed")
    assert found is not None
    return found


def of_us(archive: Path, root: Path) -> Efficiency:
    store = Store.open(root)
    try:
        return analyze(open_image(str(archive), store))
    finally:
        store.close()


@pytest.mark.parametrize("name", ["five-layers", "wasteful"])
def test_figures_are_dives(program: str, name: str, tmp_path: Path) -> None:
    archive, report = _SAMPLES / f"{name}.docker.tar", tmp_path / "report.json"
    words = [program, f"docker-archive://{archive}", "--json", str(report)]
    subprocess.run(words, cwd=tmp_path, capture_output=True, stdin=subprocess.DEVNULL, check=True)
    theirs = json.loads(report.read_bytes())
    ours = of_us(archive, tmp_path / "store")
    assert ours.efficiency == pytest.approx(theirs["image"]["efficiencyScore"])
    assert ours.wasted_bytes == theirs["image"]["inefficientBytes"]
    assert ours.user_bytes == sum(layer["sizeBytes"] for layer in theirs["layer"][1:])


@pytest.mark.parametrize(("limit", "code"), [("0.7657", 1), ("0.7658", 0)])
def test_a_gate_decides_as_dives(program: str, limit: str, code: int, tmp_path: Path) -> None:
    archive, rules = _SAMPLES / "five-layers.docker.tar", tmp_path / ".dive-ci"
    rules.write_text(f"rules:\n  lowestEfficiency: 0.5\n  highestUserWastedPercent: {limit}\n")
    words = [program, f"docker-archive://{archive}", "--ci", "--ci-config", str(rules)]
    theirs = subprocess.run(words, cwd=tmp_path, capture_output=True, stdin=subprocess.DEVNULL)
    passes = of_us(archive, tmp_path / "store").wasted_user_percent <= float(limit)
    assert (theirs.returncode, passes) == (code, not code)
