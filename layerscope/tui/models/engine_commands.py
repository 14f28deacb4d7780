"""What to type to change a container that another engine owns."""

from __future__ import annotations

import shlex

from layerscope.usecases.live_lines import LiveContainer

_OF_DOCKER = {
    "start": "{engine} start {name}",
    "stop": "{engine} stop {name}",
    "remove": "{engine} rm {force}{name}",
    "commit": "{engine} commit {name} IMAGE",
    "enter": "{engine} exec -it {name} sh",
}
# A container of Buildah's only runs while one of its commands does.
_OF_BUILDAH = {
    "start": "{engine} run {name} COMMAND",
    "stop": "{engine} run {name} COMMAND",
    "remove": "{engine} rm {name}",
    "commit": "{engine} commit {name} IMAGE",
    "enter": "{engine} run -t {name} sh",
}


def command_for(row: LiveContainer, act: str) -> str:
    """The command of its engine; ``act`` is start, stop, remove, commit or enter."""
    words = _OF_BUILDAH if row.origin == "buildah" else _OF_DOCKER
    force = "-f " if row.is_up else ""
    return words[act].format(engine=row.origin, name=shlex.quote(row.name), force=force)
