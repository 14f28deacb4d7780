"""A store that is named relative to the folder one is in: what stays behind goes elsewhere."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.support.processes import need_processes, write_images

IMAGE = "acme/my-base-image:1.0"


def test_a_detached_container_finds_it(tmp_path: Path) -> None:
    need_processes()
    write_images(tmp_path / "images.tar")

    def call(*words: str) -> str:
        command = [sys.executable, "-m", "layerscope", "--root", "store", *words]
        ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    call("load", f"docker-archive:images.tar:{IMAGE}")
    call("run", "-d", "--name", "c", IMAGE, "sh", "-c", "exit 3")
    assert call("wait", "c") == "3\n"
    call("rm", "c")
