"""One instruction made ready: what it does, what it depends on, what the history says of it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from layerscope.build import sources
from layerscope.build.lines import Heredoc
from layerscope.build.metadata import BadArgument, Words, change, nop, shell_of
from layerscope.build.parse import Instruction
from layerscope.build.words import Lexer, bare_words

if TYPE_CHECKING:
    from layerscope.build.scope import Scope
    from layerscope.build.state import State
    from layerscope.build.tree import Tree
    from layerscope.cow.engine import Engine

_AS_WRITTEN = frozenset(("RUN", "CMD", "ENTRYPOINT", "SHELL", "HEALTHCHECK", "ONBUILD"))
_END = "END_OF_SCRIPT"


class Ready(NamedTuple):
    """A step. ``state`` has the config after it; ``write`` changes the stage's files, ``argv`` and
    ``env`` are what a RUN runs; ``does`` tells it from other steps on the same image."""

    state: State
    created_by: str
    does: str
    files: Mapping[str, str] = MappingProxyType({})
    write: Callable[[Engine], None] | None = None
    argv: tuple[str, ...] = ()
    env: Mapping[str, str] = MappingProxyType({})


def expanded(instruction: Instruction, scope: Scope, state: State) -> Words:
    """The instruction with its variables replaced where Docker does. Raises BadWord."""
    env = environment(state)
    values = scope.values(env)
    args = instruction.args
    if instruction.name == "EXPOSE":
        args = tuple(word for arg in args for word in scope.lexer.words(arg, values))
    elif instruction.name not in _AS_WRITTEN and instruction.name != "MAINTAINER":
        args = tuple(scope.lexer.process(arg, values) for arg in args)
    flags = {
        name: scope.lexer.process(value, values) if name in ("chown", "chmod") else value
        for name, value in instruction.flags.items()
    }
    return Words(instruction.name, args, flags, instruction.exec)


def environment(state: State) -> dict[str, str]:
    """The ENV so far, by name."""
    found: dict[str, str] = {}
    for entry in state.runtime.env:
        name, _, value = entry.partition("=")
        found[name] = value
    return found


def ready_metadata(instruction: Instruction, scope: Scope, state: State) -> Ready:
    """A step that changes the config; WORKDIR makes its folder as well.

    Raises BadWord, BadArgument.
    """
    if instruction.name == "ARG":
        said = scope.declare(instruction.args, environment(state))
        return _ready(state, nop(state.runtime, f"ARG {' '.join(said)}"), [])
    words = expanded(instruction, scope, state)
    if instruction.name == "MAINTAINER":
        changed = state._replace(author=words.args[0])
        return _ready(changed, nop(state.runtime, f"MAINTAINER {words.args[0]}"), [])
    made = change(state.runtime, words, state.cmd_set)
    cmd_set = state.cmd_set or words.name == "CMD"
    changed = state._replace(runtime=made.config, cmd_set=cmd_set)
    about = [words.name, words.args, words.flags]
    if words.name != "WORKDIR":
        return _ready(changed, nop(made.config, made.comment), about)
    path = os.fsencode(made.config.working_dir)
    shell = " ".join(shell_of(made.config))
    ready = _ready(changed, f"{shell} #(nop) {made.comment}", about)
    return ready._replace(write=lambda engine: _make_folder(engine, path))


def _make_folder(engine: Engine, path: bytes) -> None:
    from layerscope.build.copying import make_folders, resolve

    make_folders(engine, resolve(engine, path))


def ready_copy(instruction: Instruction, scope: Scope, state: State, tree: Tree) -> Ready:
    """A COPY or ADD from ``tree``. Raises BadWord, BadArgument, LayerscopeError, OSError."""
    words = expanded(instruction, scope, state)
    values = scope.values(environment(state))
    heredocs = [_filled(one, values) for one in instruction.heredocs]
    taken = sources.take(tree, words, heredocs)
    dest = words.args[-1]
    chown = f"--chown={words.flags['chown']}" if "chown" in words.flags else ""
    # No space behind the owner: Docker's own words.
    said = f"#(nop) {words.name} {chown}{taken.digest} in {dest} "
    created_by = f"{' '.join(shell_of(state.runtime))} {said}"
    about = [words.name, dest, words.flags]
    ready = _ready(state, created_by, about)

    def write(engine: Engine) -> None:
        sources.put_all(engine, taken, words, state.runtime)

    return ready._replace(files=taken.files, write=write)


def _filled(heredoc: Heredoc, values: dict[str, str]) -> Heredoc:
    """Variables replaced, quotes left as they are; a backslash escapes, whatever the file says."""
    if not heredoc.expand:
        return heredoc
    return heredoc._replace(content=Lexer().text(heredoc.content, values))


def ready_run(instruction: Instruction, scope: Scope, state: State) -> Ready:
    """A RUN. Raises BadArgument."""
    network = instruction.flags.get("network", "none")
    if network not in ("none", "host", "default"):
        raise BadArgument(f"--network={network[:40]} is neither none, default nor host")
    env = environment(state)
    args = scope.for_command(env)
    argv = instruction.args
    if not instruction.exec:
        argv = (*shell_of(state.runtime), _script(instruction))
    if not argv:
        raise BadArgument("it has no command")
    created_by = scope.said(args) + " ".join(argv)
    ready = _ready(state, created_by, [argv, scope.that_count(args) or None])
    return ready._replace(argv=argv, env={**env, **args})


def _script(instruction: Instruction) -> str:
    """The text for the shell. A heredoc that stands alone is the text; one that names a program in
    its first line is a file for that program, whose standard input stays free."""
    alone = len(bare_words(instruction.text, "\\")) == 2 and len(instruction.heredocs) == 1
    if not alone:
        return instruction.args[0]
    content = instruction.heredocs[0].content
    first, _, rest = content.partition("\n")
    if not first.startswith("#!"):
        return content
    return f"{first[2:].strip()} /proc/self/fd/3 3<<'{_END}'\n{rest}{_END}\n"


def _ready(state: State, created_by: str, about: object) -> Ready:
    return Ready(state, created_by, json.dumps([created_by, about]))
