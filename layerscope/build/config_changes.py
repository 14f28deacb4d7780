"""Instructions for a config alone, without a build: ``commit --change``."""

from __future__ import annotations

from collections.abc import Sequence

from layerscope.build.metadata import BadArgument, change
from layerscope.build.parse import parse_dockerfile
from layerscope.build.scope import Scope
from layerscope.build.state import from_scratch
from layerscope.build.step import expanded
from layerscope.build.words import BadWord
from layerscope.errors import UsageError
from layerscope.oci.platform import Platform
from layerscope.oci.runtime_config import RuntimeConfig

_ALLOWED = frozenset(
    ("CMD", "ENTRYPOINT", "ENV", "EXPOSE", "LABEL", "ONBUILD", "USER", "VOLUME", "WORKDIR")
)


def changed_by(
    config: RuntimeConfig, changes: Sequence[str], platform: Platform, option: str
) -> RuntimeConfig:
    """The config after instructions as a Dockerfile has them; ``option`` is what gave them.

    An ENTRYPOINT without a CMD before it takes the old one away, as in a build. Raises
    BadDockerfile, UsageError.
    """
    state = from_scratch(platform)._replace(runtime=config)
    dockerfile = parse_dockerfile("\n".join(changes), option)
    scope = Scope({}, {}, dockerfile.escape)
    for instruction in dockerfile.instructions:
        if instruction.name not in _ALLOWED:
            why = f"{instruction.name} can't be done here"
            raise UsageError(option, why, f"one of {', '.join(sorted(_ALLOWED))}")
        try:
            words = expanded(instruction, scope, state)
            made = change(state.runtime, words, state.cmd_set)
        except (BadWord, BadArgument) as error:
            raise UsageError(f"{option} {instruction.text!r}", str(error)) from None
        cmd_set = state.cmd_set or instruction.name == "CMD"
        state = state._replace(runtime=made.config, cmd_set=cmd_set)
    return state.runtime
