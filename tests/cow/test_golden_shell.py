"""118 recorded scripts: sizes and change list, as a daemon reported them for a container."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from layerscope.accounting.changes import change_list
from layerscope.accounting.ledger import Ledger
from layerscope.accounting.sizes import layer_usage
from layerscope.cow.form import detect_form
from layerscope.cow.lower import Lower
from layerscope.cow.ops import run_ops
from tests.support.containers import container, indexed, unpack
from tests.support.golden_ops import shell_cases, shell_tars


@pytest.fixture(scope="module", params=["unpacked", "indexed"])
def layers(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> list[Path] | Lower:
    """The image, in both kinds of lower layers."""
    root = tmp_path_factory.mktemp("shell")
    if request.param == "indexed":
        return indexed(shell_tars(), root)
    return unpack(shell_tars(), root, detect_form(root))


@pytest.mark.parametrize("case", shell_cases(), ids=lambda case: str(case["name"]))
def test_script(case: dict[str, Any], layers: list[Path] | Lower, tmp_path: Path) -> None:
    check_script(case, layers, tmp_path / "container")


def check_script(case: dict[str, Any], layers: list[Path] | Lower, directory: Path) -> None:
    """Run one script and compare everything that it recorded."""
    with container(layers, directory) as engine:
        ledger = Ledger(engine)
        results = run_ops(engine, case["ops"])
        failed = [result for result in results if result.result != "ok"]
        assert not failed
        assert ledger.size == case["size_rw"]
        assert layer_usage(directory / "upper").size == case["size_rw"]
        diff = [[change.kind.value, change.path.decode()] for change in change_list(engine).changes]
    assert diff == sorted(case["diff"], key=lambda line: line[1])
