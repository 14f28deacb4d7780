"""One stage built, step by step, each taken from the cache if it was built before."""

from __future__ import annotations

import errno
import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from layerscope.build import cache
from layerscope.build.lines import BadDockerfile
from layerscope.build.metadata import BadArgument
from layerscope.build.parse import Instruction, parse_trigger
from layerscope.build.plan import Plan, Step, StepDone, StepFailed, Watcher
from layerscope.build.runner import Command, Runner
from layerscope.build.scope import Scope
from layerscope.build.stages import Stage, Stages
from layerscope.build.state import State, from_image, from_scratch, go_on, keep_step
from layerscope.build.step import Ready, ready_copy, ready_metadata, ready_run
from layerscope.build.words import BadWord
from layerscope.errors import Cancelled, LayerscopeError
from layerscope.oci.platform import Platform
from layerscope.store.disk import FULL_HINT

if TYPE_CHECKING:
    from layerscope.build.tree import Tree
    from layerscope.oci.digest import Digest
    from layerscope.sources.layer_copy import KeptLayer
    from layerscope.store.hands import Hand
    from layerscope.store.images import StoredImage
    from layerscope.store.store import Store

# A name like this is a stage's, never an image's.
_NUMBER = re.compile(r"[+-]?[0-9]+")

OpenBase = Callable[[str, Platform | None], "StoredImage"]


class Surroundings:
    """What all stages of a build have in common; ``states`` by number of the stage, and the rest
    below it, grow as it goes on: ``anew`` has the images that weren't in the cache."""

    def __init__(
        self,
        store: Store,
        hand: Hand,
        plan: Plan,
        runner: Runner,
        watcher: Watcher,
        open_base: OpenBase,
        stages: Stages,
        outer: Scope,
    ) -> None:
        self.store, self.hand, self.plan = store, hand, plan
        self.runner, self.watcher, self.open_base = runner, watcher, open_base
        self.stages, self.outer = stages, outer
        self.states: dict[int, State] = {}
        self.done: list[StepDone] = []
        self.asked: set[str] = set()
        self.anew: set[Digest | None] = set()


@contextmanager
def told(file: str, one: Instruction) -> Iterator[None]:
    """Errors of words and arguments come with file and line."""
    try:
        yield
    except (BadWord, BadArgument) as error:
        raise BadDockerfile(file, one.line, f"{one.name}: {error}") from None


class StageRun:
    """One stage; ``base`` is what its FROM names."""

    def __init__(self, around: Surroundings, stage: Stage, base: str) -> None:
        plan = around.plan
        self._around = around
        self._stage = stage
        self._base = base
        self._file = plan.dockerfile.file
        known = {name: value for name, value in around.outer.args.items() if value is not None}
        self._scope = Scope(plan.build_args, known, plan.dockerfile.escape)
        self._anew: str | None = None if plan.use_cache else "--no-cache"
        self._position = 0

    def all(self, *, is_target: bool) -> State:
        """Build all of it; what the stage has become."""
        labels = self._labels() if is_target else []
        state, triggers = self._begin(len(self._stage.steps) + len(labels))
        if state.image in self._around.anew:
            self._anew = self._anew or cache.ANEW
        steps = [*triggers, *self._stage.steps, *labels]
        for one in steps:
            self._around.watcher.check()
            state = self._step(one, state, len(steps) + 1)
        self._around.asked.update(self._scope.args)
        return state

    def _labels(self) -> list[Instruction]:
        """The ``--label`` of the call as instructions at the end."""
        labels = self._around.plan.labels
        line = self._stage.start.line
        return [
            Instruction("LABEL", (_quoted(name), _quoted(text)), f"LABEL {name}={text}", line)
            for name, text in sorted(labels.items())
        ]

    # -- the base --------------------------------------------------------------------------

    def _begin(self, steps: int) -> tuple[State, list[Instruction]]:
        """The base, and what its ONBUILD wants to be done first."""
        start = self._stage.start
        step = self._announce(start, steps + 1)
        began = time.monotonic()
        with self._failing(start, None):
            state = self._base_state()
        triggers = [parse_trigger(text, self._file, start.line) for text in state.runtime.on_build]
        state = state._replace(runtime=state.runtime._replace(on_build=()), cmd_set=False)
        if state.image is not None:
            self._around.hand.pin(state.image)
        seconds = time.monotonic() - began
        self._finish(StepDone(step, True, None, None, 0, seconds, state.image))
        return state, triggers

    def _base_state(self) -> State:
        around = self._around
        before = around.stages.find(self._base, self._stage.number)
        if before is not None and not self._base.isdigit():
            return around.states[before.number]
        if self._base == "scratch":
            return from_scratch(self._platform() or Platform.host())
        return from_image(around.store, around.open_base(self._base, self._platform()))

    def _platform(self) -> Platform | None:
        text = self._stage.start.flags.get("platform")
        if text is None:
            return self._around.plan.platform
        outer = self._around.outer
        with told(self._file, self._stage.start):
            return Platform.parse(outer.lexer.process(text, outer.values({})))

    # -- steps -----------------------------------------------------------------------------

    def _step(self, one: Instruction, state: State, total: int) -> State:
        around = self._around
        step, began = self._announce(one, total), time.monotonic()
        with self._failing(one, state.image), ExitStack() as stack:
            ready = self._ready(one, state, stack)
            inputs = self._inputs(one, ready)
            image = cache.find(around.store, state.parent, inputs) if not self._anew else None
            reason = None
            if image is not None:
                around.hand.pin(image)
                after = go_on(around.store, image, ready.state.cmd_set)
            else:
                reason = self._anew or cache.why(around.store, state.parent, inputs)
                after = self._do(one, ready)
                assert after.image is not None
                cache.remember(around.store, state.parent, inputs, after.image)
                self._anew = self._anew or cache.ANEW
                around.anew.add(after.image)
        diff_id, size = self._made(state, after)
        seconds = time.monotonic() - began
        self._finish(StepDone(step, image is not None, reason, diff_id, size, seconds, after.image))
        return after

    def _ready(self, one: Instruction, state: State, stack: ExitStack) -> Ready:
        if one.name == "RUN":
            return ready_run(one, self._scope, state)
        if one.name in ("COPY", "ADD"):
            return ready_copy(one, self._scope, state, self._tree(one, stack))
        return ready_metadata(one, self._scope, state)

    def _inputs(self, one: Instruction, ready: Ready) -> cache.Inputs:
        args = {name: value for name, value in self._scope.args.items() if value is not None}
        epoch = self._around.plan.clock.epoch
        text = one.text.encode("utf-8", "backslashreplace").decode()
        return cache.Inputs(text, ready.does, ready.files, args, epoch)

    def _tree(self, one: Instruction, stack: ExitStack) -> Tree:
        """Where a COPY takes its files from."""
        around, name = self._around, one.flags.get("from")
        if name is None:
            return around.plan.context
        stage = around.stages.find(name, self._stage.number)
        if stage is not None:
            image = around.states[stage.number].image
        elif _NUMBER.fullmatch(name):
            own = name == str(self._stage.number)
            why = "it is this stage itself" if own else "no stage of that number stands before it"
            raise BadArgument(f"--from={name[:40]}: {why}")
        else:
            image = around.open_base(name, around.plan.platform).id
        if image is not None:
            around.hand.pin(image)
        from layerscope.build.image_tree import ImageTree
        from layerscope.build.workplace import open_stage, workplace

        place = stack.enter_context(workplace(around.hand))
        return ImageTree(stack.enter_context(open_stage(around.store, image, place)))

    def _do(self, one: Instruction, ready: Ready) -> State:
        around = self._around
        layer = None
        if ready.write is not None or ready.argv:
            layer = self._layer(one, ready)
        plan = around.plan
        args = (around.store, around.hand, plan.clock, ready.state, ready.created_by, layer)
        return keep_step(*args)

    def _layer(self, one: Instruction, ready: Ready) -> KeptLayer | None:
        from layerscope.build.workplace import open_stage, workplace

        around, state = self._around, ready.state
        with workplace(around.hand) as place:
            if ready.argv:
                command = Command(
                    store=around.store,
                    image=state.image,
                    place=place,
                    argv=ready.argv,
                    env=ready.env,
                    working_dir=state.runtime.working_dir,
                    user=state.runtime.user,
                    volumes=state.runtime.volumes,
                    network=one.flags.get("network"),
                )
                code = around.runner.run(command, around.watcher.output)
                around.watcher.check()
                if code:
                    raise LayerscopeError(one.text, f"it ended with exit code {code}")
            with open_stage(around.store, state.image, place) as engine:
                if ready.write is not None:
                    ready.write(engine)
                from layerscope.build.layer import make_layer

                clock = around.plan.clock
                return make_layer(engine, around.store, around.hand, clock, self._watch)

    def _watch(self, done: int) -> None:
        self._around.watcher.check()

    def _made(self, before: State, after: State) -> tuple[Digest | None, int]:
        """The layer of a step and the bytes of its files."""
        if len(after.config.diff_ids) == len(before.config.diff_ids):
            return None, 0
        diff_id = after.config.diff_ids[-1]
        row = self._around.store.database.row(
            "SELECT size FROM layers WHERE diff_id = ?", str(diff_id)
        )
        return diff_id, int(row[0]) if row else 0

    # -- telling ---------------------------------------------------------------------------

    def _announce(self, one: Instruction, total: int) -> Step:
        self._position += 1
        step = Step(self._stage.label, self._position, total, one.text, one.line)
        self._around.watcher.begin(step)
        return step

    def _finish(self, done: StepDone) -> None:
        self._around.done.append(done)
        self._around.watcher.end(done)

    @contextmanager
    def _failing(self, one: Instruction, image: Digest | None) -> Iterator[None]:
        """What goes wrong is told with file, line and instruction."""
        what = f"{self._file}:{one.line}"
        try:
            with told(self._file, one):
                yield
        except (BadDockerfile, Cancelled, StepFailed, BrokenPipeError):
            raise
        except LayerscopeError as error:
            # A broken archive calls itself a layer: here it is what the instruction names.
            said = error.why if error.what == "layer" else str(error)
            why = said if one.text in error.what else f"{one.text}: {said}"
            raise StepFailed(what, why, image, error.hint) from error
        except OSError as error:
            name = error.filename
            shown = name.decode("utf-8", "replace") if isinstance(name, bytes) else name
            why = f"{one.text}: {f'{shown}: ' if shown else ''}{error.strerror or error}"
            hint = FULL_HINT if error.errno in (errno.ENOSPC, errno.EDQUOT) else None
            raise StepFailed(what, why, image, hint) from error


def _quoted(text: str) -> str:
    """Text in which no variable is replaced."""
    return "'" + text.replace("'", "'\"'\"'") + "'"
