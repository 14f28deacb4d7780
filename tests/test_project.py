"""What holds for the project as a whole: its top level, its version, its samples."""

from __future__ import annotations

import subprocess
import sys
import tomllib
import zlib
from pathlib import Path

import pytest

import layerscope
from sample_images import make

_TOP = Path(__file__).parents[1]
_SAMPLES = _TOP / "sample_images"
_FIXED = {"pyproject.toml", "README.md", "CHANGELOG.md", "layerscope", "tests", "sample_images"}


def test_top_level_holds_what_it_should() -> None:
    listed = subprocess.run(
        ["git", "ls-tree", "--name-only", "HEAD"], cwd=_TOP, capture_output=True, text=True
    )
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    names = {name for name in listed.stdout.splitlines() if not name.startswith(".")}
    assert names == _FIXED


def test_version_is_one() -> None:
    project = tomllib.loads((_TOP / "pyproject.toml").read_text())["project"]
    assert project["version"] == layerscope.__version__


def test_samples_are_made_the_same_each_time(tmp_path: Path) -> None:
    if "ng" in zlib.ZLIB_RUNTIME_VERSION:
        pytest.skip("zlib-ng packs the gzip layers in other bytes")
    make.main(tmp_path)
    made = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    kept = {file.name: file.read_bytes() for file in _SAMPLES.glob("*.tar")}
    assert made.keys() == kept.keys()
    assert [name for name in made if made[name] != kept[name]] == []


def test_samples_are_small() -> None:
    assert max(file.stat().st_size for file in _SAMPLES.glob("*.tar")) < 1_000_000


@pytest.mark.slow
def test_wheel_carries_the_samples(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(tmp_path), str(_TOP)],
        check=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    listed = subprocess.run(
        [sys.executable, "-m", "zipfile", "-l", str(wheel)],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for sample in ("five-layers", "mixed-codecs", "shared-base", "wasteful"):
        assert f"layerscope/_samples/{sample}" in listed
