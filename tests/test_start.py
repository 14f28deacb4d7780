"""A plain verb loads nothing that the explorer or the analysis alone needs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

_TOP = Path(__file__).parents[1]
_SAMPLE = _TOP / "sample_images" / "five-layers.docker.tar"

_HEAVY = {"rich", "textual", "numpy", "asyncio", "watchfiles"}
_LOADED = """
import json, sys
from layerscope.cli.main import main
try:
    main({argv!r})
except SystemExit:
    pass
print(json.dumps(sorted({{name.partition(".")[0] for name in sys.modules}})))
"""


@pytest.mark.parametrize(
    "argv",
    [["images"], ["layers", str(_SAMPLE)], ["--version"]],
    ids=lambda argv: argv[0],
)
def test_plain_verbs_load_nothing_heavy(argv: list[str], tmp_path: Path) -> None:
    code = _LOADED.format(argv=["--root", str(tmp_path / "store"), *argv])
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=_TOP
    )
    loaded = set(json.loads(ran.stdout.splitlines()[-1]))
    heavy = {"textual"} if argv[0] == "layers" else _HEAVY
    assert loaded & heavy == set()
