"""The stages of a Dockerfile, and which of them a target needs."""

from __future__ import annotations

import re
from typing import NamedTuple

from layerscope.build.lines import BadDockerfile
from layerscope.build.parse import Dockerfile, Instruction
from layerscope.errors import UsageError


class Stage(NamedTuple):
    """A FROM and what follows it; ``name`` is empty where it has none."""

    number: int
    name: str
    start: Instruction
    steps: tuple[Instruction, ...]

    @property
    def label(self) -> str:
        """What people call it."""
        return self.name or f"stage-{self.number}"


class Stages(NamedTuple):
    """All stages, and the ARGs that stand before the first."""

    arguments: tuple[Instruction, ...]
    stages: tuple[Stage, ...]

    def find(self, text: str, before: int | None = None) -> Stage | None:
        """The stage of a name or number, the last of that name; only of those ``before`` one."""
        there = self.stages[:before]
        for stage in reversed(there):
            if stage.name and stage.name == text.lower():
                return stage
        if re.fullmatch("[0-9]{1,9}", text) and int(text) < len(there):
            return there[int(text)]
        return None

    def target(self, text: str | None) -> Stage:
        """The stage to build, the last for None. Raises UsageError."""
        if text is None:
            return self.stages[-1]
        found = self.find(text)
        if found is None:
            named = ", ".join(stage.name for stage in self.stages if stage.name) or "none"
            raise UsageError(f"--target {text!r}", f"there is no such stage; named are: {named}")
        return found


def split_stages(dockerfile: Dockerfile) -> Stages:
    """Cut at the FROMs. Raises BadDockerfile."""
    starts = [n for n, one in enumerate(dockerfile.instructions) if one.name == "FROM"]
    first = starts[0] if starts else len(dockerfile.instructions)
    for one in dockerfile.instructions[:first]:
        if one.name != "ARG":
            why = f"{one.name} stands before the first FROM; only ARG may"
            raise BadDockerfile(dockerfile.file, one.line, why)
    if not starts:
        raise BadDockerfile(dockerfile.file, 0, "it has no FROM")
    stages = []
    for number, start in enumerate(starts):
        end = [*starts, len(dockerfile.instructions)][number + 1]
        opening = dockerfile.instructions[start]
        name = opening.args[1] if len(opening.args) > 1 else ""
        steps = dockerfile.instructions[start + 1 : end]
        stages.append(Stage(number, name, opening, steps))
    return Stages(dockerfile.instructions[:first], tuple(stages))


def needed(stages: Stages, target: Stage, bases: dict[int, str]) -> list[Stage]:
    """The stages that ``target`` stands on or copies from, and itself, in the order of the file.

    ``bases`` has what each FROM names, by the number of the stage, its variables replaced.
    """
    found: dict[int, Stage] = {}
    todo = [target]
    while todo:
        stage = todo.pop()
        if stage.number in found:
            continue
        found[stage.number] = stage
        names = [bases[stage.number]]
        names += [one.flags["from"] for one in stage.steps if "from" in one.flags]
        for position, name in enumerate(names):
            other = stages.find(name, stage.number)
            if other is not None and (position or not name.isdigit()):
                todo.append(other)
    return [found[number] for number in sorted(found)]
