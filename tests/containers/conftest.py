from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.command import Cli


@pytest.fixture
def cli(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Cli:
    """The command line on a new store."""
    return Cli(tmp_path / "store", capsys)
