"""Containers that a stand-in for the Docker daemon tells of."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.fake_docker import Answer, document

_IMAGE = "sha256:" + "1" * 64


@dataclass
class Told:
    """A container as the daemon has it; ``folder`` has its layers, None if it has none here."""

    name: str
    folder: Path | None = None
    state: str = "running"
    status: str = "Up 3 hours"
    size: int = 7
    changes: list[dict[str, Any]] = field(default_factory=list)

    @property
    def id(self) -> str:
        """Made of the name."""
        return self.name.encode().hex().ljust(64, "0")

    @property
    def upper(self) -> Path:
        """Its writable layer."""
        assert self.folder is not None
        return self.folder / "c" / "diff"

    def make(self) -> None:
        """Its directories, with one file in the image."""
        (self.upper.parent / "work").mkdir(parents=True)
        self.upper.mkdir()
        assert self.folder is not None
        below = self.folder / "base" / "diff" / "d"
        below.mkdir(parents=True)
        (below / "f").write_bytes(b"0" * 100)

    def _graph(self) -> dict[str, Any]:
        if self.folder is None:
            return {"Name": "vfs", "Data": None}
        lower = self.folder / "base" / "diff"
        return {"Name": "overlay2", "Data": {"UpperDir": str(self.upper), "LowerDir": str(lower)}}

    def row(self) -> dict[str, Any]:
        """In the list."""
        row = {"Id": self.id, "Names": [f"/{self.name}"], "Image": "img:1", "ImageID": _IMAGE}
        return {**row, "State": self.state, "Status": self.status}

    def answers(self) -> dict[str, Answer]:
        """What is answered about it alone."""
        inspected = {"Created": "2024-01-02T03:04:05Z", "Path": "sh", "Args": ["-c", "x"]}
        inspected |= {"GraphDriver": self._graph()}  # type: ignore[dict-item]
        sized = {**inspected, "SizeRw": self.size, "SizeRootFs": self.size + 70}
        return {
            f"/containers/{self.id}/json": document(inspected),
            f"/containers/{self.id}/json?size=1": document(sized),
            f"/containers/{self.id}/changes": document(self.changes),
        }


def answers_of(*containers: Told) -> dict[str, Answer]:
    """What a daemon with these answers."""
    answers: dict[str, Answer] = {
        "/info": document({"DriverStatus": []}),
        "/images/json": document([{"Id": _IMAGE, "Size": 100}]),
        "/containers/json?all=1": document([one.row() for one in containers]),
    }
    for one in containers:
        answers |= one.answers()
    return answers
