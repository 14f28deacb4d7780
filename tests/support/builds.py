"""Builds without processes, in a store and a context of their own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from layerscope.build.plan import Step, StepDone
from layerscope.build.runner import Command, Output
from layerscope.build.workplace import open_stage, workplace
from layerscope.cow.engine import Engine
from layerscope.cow.stat import Stat
from layerscope.oci.digest import Digest
from layerscope.store.store import Store
from layerscope.usecases.build import BuildRequest, BuildResult, build


@dataclass
class Watched:
    """A watcher that remembers."""

    done: list[StepDone] = field(default_factory=list)
    printed: bytes = b""

    def begin(self, step: Step) -> None: ...

    def output(self, data: bytes) -> None:
        self.printed += data

    def end(self, done: StepDone) -> None:
        self.done.append(done)

    def check(self) -> None: ...


@dataclass
class Engines:
    """A runner without processes: ``write PATH TEXT``, ``rm PATH``, ``fail``, ``nothing``."""

    commands: list[Command] = field(default_factory=list)

    def check(self) -> None: ...

    def run(self, command: Command, output: Output) -> int:
        self.commands.append(command)
        what, *words = command.argv[-1].split()
        output(b"did " + what.encode() + b"\n")
        if what == "fail":
            return 3
        with open_stage(command.store, command.image, command.place) as engine:
            if what == "write":
                with engine.open(words[0].encode(), os.O_CREAT | os.O_WRONLY, 0o644) as out:
                    out.write(words[1].encode())
            elif what == "rm":
                engine.unlink(words[0].encode())
        return 0


class Bench:
    """A store, a context, and builds of Dockerfiles in them."""

    def __init__(self, folder: Path) -> None:
        self.store = Store.open(folder / "store")
        self.context = folder / "context"
        self.context.mkdir()
        self.runner = Engines()
        self.watched = Watched()
        self.request = BuildRequest(self.context)
        for name, text in {"a.txt": "a", "src/main.py": "main", "src/b.py": "b"}.items():
            self.write(name, text)

    def write(self, name: str, text: str) -> None:
        (self.context / name).parent.mkdir(parents=True, exist_ok=True)
        (self.context / name).write_text(text)

    def __call__(self, text: str, **changes: object) -> BuildResult:
        # Beside the context, where no COPY takes it along.
        file = self.context.with_name("Dockerfile")
        file.write_text(text)
        self.watched = Watched()
        request = self.request._replace(file=file, **changes)  # type: ignore[arg-type]
        return build(self.store, request, self.watched, self.runner)

    def reasons(self, text: str, **changes: object) -> list[str | None]:
        return [step.reason for step in self(text, **changes).steps[1:]]

    @contextmanager
    def opened(self, built: BuildResult) -> Iterator[Engine]:
        """The image's files."""
        with (
            self.store.hold() as hand,
            workplace(hand) as place,
            open_stage(self.store, Digest.parse(built.id), place) as engine,
        ):
            yield engine

    def files(self, built: BuildResult, path: str = "/") -> dict[str, int]:
        return {name: found.mode for name, found in self.stats(built, path).items()}

    def stats(self, built: BuildResult, path: str = "/") -> dict[str, Stat]:
        with self.opened(built) as engine:
            return {
                os.fsdecode(name): engine.stat(os.fsencode(path) + b"/" + name)
                for name in engine.names(path.encode())
            }

    def read(self, built: BuildResult, path: str) -> bytes:
        with self.opened(built) as engine:
            return engine.read(path.encode())
