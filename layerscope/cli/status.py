"""What a container does, in Docker's words."""

from __future__ import annotations

from layerscope.containers.record import Container, State
from layerscope.units import ago_text


def status(container: Container) -> str:
    """``Created``, ``Up 3 minutes``, ``Exited (137) 2 hours ago``."""
    if container.state is State.CREATED:
        return "Created"
    if container.state is State.RUNNING:
        return f"Up {ago_text(container.started_at).removesuffix(' ago')}"
    ended = ago_text(container.finished_at) if container.finished_at else ""
    return f"Exited ({container.exit_code}) {ended}".rstrip()
