"""118 recorded scripts: sizes and change list, as a daemon reported them for a container."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from layerscope.accounting.changes import change_list
from layerscope.accounting.ledger import Ledger
from layerscope.accounting.sizes import layer_usage
from layerscope.cow.form import detect_form
from layerscope.cow.ops import run_ops
from tests.support.containers import container, unpack
from tests.support.golden_ops import shell_cases, shell_tars


@pytest.fixture(scope="module")
def layers(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The image, unpacked."""
    root = tmp_path_factory.mktemp("shell")
    return unpack(shell_tars(), root, detect_form(root))


@pytest.mark.parametrize("case", shell_cases(), ids=lambda case: str(case["name"]))
def test_script(case: dict[str, Any], layers: list[Path], tmp_path: Path) -> None:
    with container(layers, tmp_path / "container") as engine:
        ledger = Ledger(engine)
        results = run_ops(engine, case["ops"])
        failed = [result for result in results if result.result != "ok"]
        assert not failed
        assert ledger.size == case["size_rw"]
        assert layer_usage(tmp_path / "container" / "upper").size == case["size_rw"]
        diff = [[change.kind.value, change.path.decode()] for change in change_list(engine).changes]
    assert diff == sorted(case["diff"], key=lambda line: line[1])
