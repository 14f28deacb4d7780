"""The Dockerfile that an image's history tells of; what can't be known stands in comments."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from layerscope.analysis.dockerfile.left_over import gone, left_over
from layerscope.analysis.dockerfile.metadata import said_metadata
from layerscope.analysis.dockerfile.told import Told
from layerscope.analysis.dockerfile.words import (
    command_lines,
    comment,
    escaped_word,
    is_sayable,
    json_list,
    json_texts,
    one_line,
)
from layerscope.oci.config import ImageConfig
from layerscope.oci.created_by import DEFAULT_SHELL, CreatedBy, parse_created_by
from layerscope.oci.history import Step
from layerscope.oci.runtime_config import RuntimeConfig

_HASHED = re.compile(r"(--\S+? ?)?((?:file|dir|multi):\S+) in (.*)", re.DOTALL)
_HASH = re.compile(r":([0-9a-f]{12})[0-9a-f]+$")
_UNSAYABLE = "# A Dockerfile can't say some characters of this: they stand escaped."
_HASHES = "# file:…, dir:… and multi:… are hashes of what was copied: which files is not told."
_STAGES = "# What COPY took may have come from another stage; owners and modes given are not told."
_WORDS_GUESSED = "# Where these words end is a guess."


@dataclass(frozen=True, slots=True)
class Base:
    """An image that the lowest ``steps`` steps are: its name and config."""

    name: str
    steps: int
    config: RuntimeConfig


@dataclass(frozen=True, slots=True)
class StepLines:
    """A step as lines of the Dockerfile; of ``instruction`` (empty for none) they end in it."""

    step: Step
    instruction: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reconstruction:
    """A Dockerfile: ``head`` up to FROM, then the steps, and ``rest``, that only the config says.

    ``below`` are the base's steps, which FROM stands for.
    """

    head: tuple[str, ...]
    below: tuple[Step, ...]
    steps: tuple[StepLines, ...]
    rest: tuple[str, ...]

    @property
    def lines(self) -> tuple[str, ...]:
        """All of it."""
        return (*self.head, *(line for one in self.steps for line in one.lines), *self.rest)


def reconstruct(config: ImageConfig, name: str, base: Base | None = None) -> Reconstruction:
    """The Dockerfile of an image that is called ``name``, from ``base`` or from scratch."""
    below = base.steps if base else 0
    start = base.config if base else RuntimeConfig()
    told = Told(start, config.config, config.platform.os)
    steps = [_step(step, config, told) for step in config.steps[below:]]
    head = (
        comment(f"Reconstructed from the history of {name}."),
        *_notes(steps),
        one_line(f"FROM {base.name if base else 'scratch'}"),
    )
    return Reconstruction(head, config.steps[:below], tuple(steps), tuple(_rest(told)))


def _notes(steps: list[StepLines]) -> Iterator[str]:
    """What all of it leaves open."""
    told = [one.step.history for one in steps if one.instruction in ("COPY", "ADD")]
    copies = [parse_created_by(one.created_by, one.comment) for one in told if one]
    if any(_HASHED.search(made.text) for made in copies):
        yield _HASHES
    if not all(made.is_written or _HASHED.search(made.text) for made in copies):
        yield _STAGES


def _rest(told: Told) -> Iterator[str]:
    lines = list(left_over(told))
    if lines:
        yield "# The config says more than the history:"
        yield from (said for line in lines for said in _sayable(line))
    if names := gone(told):
        yield f"# The config doesn't say what the history does by {', '.join(names)}."


def _step(step: Step, config: ImageConfig, told: Told) -> StepLines:
    history = step.history
    if history is None:
        diff_id = config.diff_ids[step.layer or 0]
        line = comment(f"layer {step.layer} ({diff_id.short}): the history doesn't tell of it")
        return StepLines(step, "", (line,))
    made = parse_created_by(history.created_by, history.comment, told.shell)
    if not made.name:
        lines: Iterable[str] = (_untold(step, made.text or history.comment),)
    elif made.name == "RUN":
        lines = _run(made, told)
    elif made.name in ("COPY", "ADD"):
        lines = _copy(made)
    else:
        lines = _sayable(f"{made.name} {said_metadata(made, told)}".rstrip(" "))
    return StepLines(step, made.name, tuple(lines))


def _untold(step: Step, text: str) -> str:
    """A step that no instruction made, or none that is known."""
    if text.startswith("#"):
        return comment(text)
    what = "a step without files" if step.layer is None else f"layer {step.layer}"
    return comment(f"{what}, made by: {text}" if text else f"{what}: how it was made is not told")


def _sayable(text: str) -> Iterator[str]:
    """An instruction that must stand in one line."""
    if not is_sayable(text):
        yield _UNSAYABLE
    line = one_line(text)
    # A backslash at its end would take in the next line.
    yield comment(line) if line.endswith("\\") else line


def _run(made: CreatedBy, told: Told) -> Iterator[str]:
    if made.arguments and not _are_defaults(made.arguments, told.args):
        yield comment(f"with the build arguments {made.arguments}")
    head = f"RUN {made.flags}".rstrip(" ")
    if not made.shell and not made.is_written and json_texts(made.text) is None:
        yield _WORDS_GUESSED
        yield f"{head} {json_list(made.text.split(' '))}"
        return
    shell = tuple(made.shell.split(" ")) if made.shell else told.shell
    is_same = " ".join(told.shell) == made.shell or shell == DEFAULT_SHELL
    lines = command_lines(head, made.text) if is_same or not made.shell else None
    if lines is None:
        lines = (f"{head} {json_list((*shell, made.text))}",)
    yield from lines


def _are_defaults(arguments: str, args: Mapping[str, str]) -> bool:
    if arguments.count("=") < len(args):
        return False
    pairs = [f"{name}={value}" for name, value in args.items()]
    return arguments in (" ".join(pairs), " ".join(sorted(pairs)))


def _copy(made: CreatedBy) -> Iterator[str]:
    """What was copied as far as it is told; a file within the Dockerfile is not."""
    found = _HASHED.fullmatch(made.text)
    if found is not None:
        flag, what, dest = (part or "" for part in found.groups())
        copied = _copied(_HASH.sub(r":\1", what), dest)
        yield from _sayable(f"{made.name} {_with_blank(flag)}{copied}")
    elif "<<" in made.text:
        yield comment(f"{made.name} {made.text}: what the file says is not told")
    else:
        text = made.text if made.is_written else escaped_word(made.text)
        yield from _sayable(f"{made.name} {text}")


def _with_blank(flag: str) -> str:
    return f"{flag.rstrip(' ')} " if flag else ""


def _copied(what: str, dest: str) -> str:
    dest = escaped_word(dest.strip(" "))
    return json_list([what, dest]) if " " in dest else f"{what} {dest}"
