"""The Dockerfile of an image beside what its steps made: as it was built here, or as its history
tells it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from layerscope.build.cache import ANEW

if TYPE_CHECKING:
    from layerscope.analysis.dockerfile.reconstruct import Reconstruction
    from layerscope.build.plan import StepDone
    from layerscope.build.record import BuildRecord
    from layerscope.oci.digest import Digest
    from layerscope.sources.image import Image
    from layerscope.store.store import Store
    from layerscope.usecases.opened import OpenImage


@dataclass(frozen=True, slots=True)
class BuiltStep:
    """A step: the ``lines`` of the Dockerfile, counted from 1, that it stands in.

    ``layers`` are the numbers of those of the image that it made, a FROM's all of the base's.
    ``stage`` is empty where there is one only; ``elsewhere`` is what a step of a stage that the
    image doesn't stand on made, ``size`` (bytes) its layer's, None for no layer. Of a step that
    was built here ``cached``, ``reason`` and ``seconds`` are as in StepDone, else None.
    """

    lines: range
    instruction: str
    layers: range
    stage: str = ""
    elsewhere: Digest | None = None
    size: int | None = None
    cached: bool | None = None
    reason: str | None = None
    seconds: float | None = None

    @property
    def is_cause(self) -> bool:
        """Whether it was built anew for a reason of its own, and not for that of a step before."""
        return self.reason not in (None, ANEW)


@dataclass(frozen=True, slots=True)
class HowBuilt:
    """A Dockerfile by lines, and its steps; ``built_at`` is None where the history tells of it."""

    lines: tuple[str, ...]
    steps: tuple[BuiltStep, ...]
    built_at: str | None = None


def how_built(store: Store, image: Image) -> HowBuilt:
    """How an image came to be. Raises LayerscopeError."""
    from layerscope.build.record import find

    record = find(store, image.id)
    if record is not None:
        return _recorded(record, image.id, len(image.layers))
    from layerscope.usecases.dockerfile import dockerfile_of

    return _told(dockerfile_of(store, image))


def layer_sizes(image: OpenImage) -> dict[int, int]:
    """Bytes of the files of those layers that were read, by number."""
    numbers = range(image.layer_count)
    return {n: layer.facts.size for n in numbers if (layer := image.layer(n)) is not None}


# -- built here ----------------------------------------------------------------------------------


def _recorded(record: BuildRecord, image: Digest, layers: int) -> HowBuilt:
    stages = _stages(record.steps)
    made = _layers_of(stages, image, layers)
    lines = _lines(record.text)
    places = _places(record, lines)
    steps = []
    for number, stage in enumerate(stages):
        for done in stage:
            step = BuiltStep(
                lines=places[done.step.line],
                instruction=done.step.instruction,
                layers=made.get((number, done.step.position), range(0)),
                stage=done.step.stage if len(stages) > 1 else "",
                cached=done.cached,
                reason=done.reason,
                seconds=done.seconds,
            )
            if (number, done.step.position) not in made:
                size = done.size if done.diff_id else None
                step = replace(step, elsewhere=done.image, size=size)
            steps.append(step)
    return HowBuilt(lines, tuple(steps), record.built_at)


def _lines(text: str) -> tuple[str, ...]:
    lines = text.removeprefix("\ufeff").rstrip("\r\n").split("\n")
    return tuple(line.removesuffix("\r") for line in lines)


def _places(record: BuildRecord, lines: Sequence[str]) -> dict[int, range]:
    """The lines of each instruction, by its first; comments behind it are the next one's."""
    from layerscope.build.parse import parse_dockerfile

    starts = [one.line for one in parse_dockerfile(record.text, record.file).instructions]
    places = {}
    for start, following in pairwise((*starts, len(lines) + 1)):
        end = following
        while end > start + 1 and lines[end - 2].lstrip()[:1] in ("", "#"):
            end -= 1
        places[start] = range(start, end)
    return places


def _stages(steps: Sequence[StepDone]) -> list[list[StepDone]]:
    stages: list[list[StepDone]] = []
    for done in steps:
        if done.step.position == 1:
            stages.append([])
        stages[-1].append(done)
    return stages


def _layers_of(
    stages: Sequence[Sequence[StepDone]], image: Digest, layers: int
) -> dict[tuple[int, int], range]:
    """The layers that steps made, by stage and position: from the top one down, into the stage
    that a FROM names, until there is none."""
    found: dict[tuple[int, int], range] = {}
    wanted: Digest | None = image
    for number in reversed(range(len(stages))):
        stage = stages[number]
        if wanted is None or stage[-1].image != wanted:
            continue
        for done in reversed(stage[1:]):
            first = layers - bool(done.diff_id)
            found[number, done.step.position] = range(first, layers)
            layers = first
        wanted = stage[0].image
        found[number, 1] = range(layers)
    return found


# -- as the history tells it -----------------------------------------------------------------------


def _told(told: Reconstruction) -> HowBuilt:
    return HowBuilt(told.lines, tuple(_told_steps(told)))


def _told_steps(told: Reconstruction) -> Iterator[BuiltStep]:
    """The FROM, which stands for all of the base's steps, then each step."""
    line = len(told.head)
    below = sum(step.layer is not None for step in told.below)
    yield BuiltStep(range(line, line + 1), told.head[-1], range(below))
    for one in told.steps:
        layer = one.step.layer
        layers = range(0) if layer is None else range(layer, layer + 1)
        end = line + len(one.lines)
        yield BuiltStep(range(line + 1, end + 1), _instruction(one.lines), layers)
        line = end


def _instruction(lines: Sequence[str]) -> str:
    """What isn't a comment, if there is anything, in one line; a heredoc's first."""
    first = next((n for n, line in enumerate(lines) if line[:1] != "#"), 0)
    said = lines[first]
    for line in lines[first + 1 :]:
        if not said.endswith("\\"):
            break
        said = said.removesuffix("\\") + line
    return said
