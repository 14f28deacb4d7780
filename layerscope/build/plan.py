"""What a build is to do, and what it tells of on the way."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, Protocol

from layerscope.errors import LayerscopeError

if TYPE_CHECKING:
    from layerscope.build.clock import Clock
    from layerscope.build.parse import Dockerfile
    from layerscope.build.tree import Tree
    from layerscope.oci.digest import Digest
    from layerscope.oci.platform import Platform


class Plan(NamedTuple):
    """A build. ``platform`` is what is asked for, None to take what there is; ``names`` are what
    the image will be called."""

    dockerfile: Dockerfile
    context: Tree
    clock: Clock
    target: str | None = None
    build_args: Mapping[str, str] = MappingProxyType({})
    labels: Mapping[str, str] = MappingProxyType({})
    platform: Platform | None = None
    use_cache: bool = True
    names: tuple[str, ...] = ()


class Step(NamedTuple):
    """A step that begins: number ``position`` of ``total`` in its stage, FROM being the first."""

    stage: str
    position: int
    total: int
    instruction: str
    line: int


class StepDone(NamedTuple):
    """A step that is done. ``reason`` says why it was built anew, None if it wasn't.

    ``diff_id`` and ``size`` (bytes of files) are of the layer that it made, None and 0 without one;
    ``image`` is what stands after it, None in a stage of nothing.
    """

    step: Step
    cached: bool
    reason: str | None
    diff_id: Digest | None
    size: int
    seconds: float
    image: Digest | None


class Built(NamedTuple):
    """A finished build; ``unused`` are ``--build-arg`` that no ARG asked for."""

    image: Digest
    steps: tuple[StepDone, ...]
    unused: tuple[str, ...]


class Watcher(Protocol):
    """Hears of a build as it goes on."""

    def begin(self, step: Step) -> None:
        """A step begins."""

    def output(self, data: bytes) -> None:
        """A piece of what a RUN prints; an empty one now and then while it prints nothing."""

    def end(self, done: StepDone) -> None:
        """The step is done."""

    def check(self) -> None:
        """Raise Cancelled if the user asked to stop."""


class StepFailed(LayerscopeError):
    """A step went wrong; ``image`` is what stood before it, if anything did."""

    def __init__(self, what: str, why: str, image: Digest | None, hint: str | None) -> None:
        if hint is None and image is not None:
            hint = f"layerscope run --rm -it {image.short} sh (what stood before the step)"
        super().__init__(what, why, hint)
        self.image = image
