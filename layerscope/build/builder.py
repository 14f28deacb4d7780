"""Builds: the stages that a target needs, one after the other.

As Docker's classic builder does, each step makes an image without a name that stands on the one
before; the last gets the names. What a failed build has done stays for the next one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from layerscope.build.lines import BadDockerfile
from layerscope.build.plan import Built, Plan, StepDone, Watcher
from layerscope.build.record import BuildRecord, keep
from layerscope.build.runner import Runner
from layerscope.build.scope import PREDEFINED, Scope, platform_args
from layerscope.build.stage_run import OpenBase, StageRun, Surroundings, told
from layerscope.build.stages import Stage, needed, split_stages
from layerscope.oci.platform import Platform
from layerscope.units import now_text

if TYPE_CHECKING:
    from layerscope.build.parse import Dockerfile
    from layerscope.oci.digest import Digest
    from layerscope.store.store import Store


def build(store: Store, plan: Plan, runner: Runner, watcher: Watcher, open_base: OpenBase) -> Built:
    """Build it; ``open_base`` puts the image of a FROM or ``--from`` into the store.

    Raises BadDockerfile, StepFailed, LayerscopeError, Cancelled.
    """
    dockerfile = plan.dockerfile
    stages = split_stages(dockerfile)
    known = platform_args(plan.platform or Platform.host())
    outer = Scope(plan.build_args, known, dockerfile.escape)
    outer.args.update(known)
    for one in stages.arguments:
        with told(dockerfile.file, one):
            outer.declare(one.args, {})
    target = stages.target(plan.target)
    bases = {one.number: _base_name(dockerfile.file, one, outer) for one in stages.stages}
    order = needed(stages, target, bases)
    if any(step.name == "RUN" for stage in order for step in stage.steps):
        runner.check()
    with store.hold() as hand, _settled(store):
        around = Surroundings(store, hand, plan, runner, watcher, open_base, stages, outer)
        for stage in order:
            around.states[stage.number] = StageRun(around, stage, bases[stage.number]).all(
                is_target=stage is target
            )
        image = around.states[target.number].image
        if image is None:
            raise BadDockerfile(dockerfile.file, 0, "it makes no image: its last stage has no step")
        _keep_record(store, dockerfile, image, around.done)
        for name in plan.names:
            if not _is_named(store, image, name):
                store.tag(str(image), name)
    unused = set(plan.build_args) - around.asked - set(outer.args) - PREDEFINED
    return Built(image, tuple(around.done), tuple(sorted(unused)))


@contextmanager
def _settled(store: Store) -> Iterator[None]:
    """The steps of a build that fails stay, too."""
    try:
        yield
    finally:
        store.settle()


def _keep_record(store: Store, dockerfile: Dockerfile, image: Digest, done: list[StepDone]) -> None:
    """Unless it is the base as it was: a lone FROM makes no image."""
    if any(one.image == image and one.step.position > 1 for one in done):
        kept = BuildRecord(dockerfile.file, dockerfile.text, now_text(), tuple(done))
        keep(store, image, kept)


def _is_named(store: Store, image: Digest, name: str) -> bool:
    return store.has_name(name) and store.resolve(name).id == image


def _base_name(file: str, stage: Stage, outer: Scope) -> str:
    start = stage.start
    with told(file, start):
        name = outer.lexer.process(start.args[0], outer.values({}))
    if not name:
        why = f"FROM {start.args[0]}: the name of the base image is empty"
        raise BadDockerfile(file, start.line, why)
    return name
