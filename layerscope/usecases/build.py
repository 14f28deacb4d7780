"""Dockerfile to image."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from layerscope.build.plan import Step, StepDone, StepFailed, Watcher
from layerscope.errors import LayerscopeError
from layerscope.progress import Silent

if TYPE_CHECKING:
    from layerscope.build.runner import Runner
    from layerscope.oci.platform import Platform
    from layerscope.store.images import StoredImage
    from layerscope.store.store import Store

__all__ = ["BuildRequest", "BuildResult", "Step", "StepDone", "StepFailed", "Watcher", "build"]


class NoContext(LayerscopeError):
    """The folder to build from, or its Dockerfile, isn't there."""


class BuildRequest(NamedTuple):
    """What is to be built; ``file`` is the Dockerfile, the context's for None.

    ``epoch`` is SOURCE_DATE_EPOCH in seconds since 1970; ``network`` is ``none`` or ``host``.
    """

    context: Path
    file: Path | None = None
    names: tuple[str, ...] = ()
    target: str | None = None
    build_args: Mapping[str, str] = MappingProxyType({})
    labels: Mapping[str, str] = MappingProxyType({})
    platform: Platform | None = None
    use_cache: bool = True
    epoch: int | None = None
    network: str = "none"
    toolbox: bool = False


class BuildResult(NamedTuple):
    """A built image; ``unused`` are build arguments that nothing asked for."""

    id: str
    names: tuple[str, ...]
    steps: tuple[StepDone, ...]
    unused: tuple[str, ...]


def build(
    store: Store, request: BuildRequest, watcher: Watcher, runner: Runner | None = None
) -> BuildResult:
    """Build an image; ``runner`` runs the commands, real processes for None.

    Raises NoContext, BadDockerfile, StepFailed, LayerscopeError, Cancelled.
    """
    from layerscope.build.builder import build as make
    from layerscope.build.clock import Clock
    from layerscope.build.context import Context, ignore_of
    from layerscope.build.parse import parse_dockerfile
    from layerscope.build.plan import Plan
    from layerscope.store.adding import familiar

    for name in request.names:
        familiar(name)  # a wrong one is told before anything is built
    if not request.context.is_dir():
        raise NoContext(str(request.context), "there is no such folder to build from")
    file = _dockerfile(request)
    plan = Plan(
        dockerfile=parse_dockerfile(_text(file), _shown(file, request)),
        context=Context(request.context, ignore_of(request.context, file)),
        clock=Clock(request.epoch, int(time.time())),
        target=request.target,
        build_args=request.build_args,
        labels=request.labels,
        platform=request.platform,
        use_cache=request.use_cache,
        names=request.names,
    )
    chosen = runner or _processes(request)
    built = make(store, plan, chosen, watcher, lambda *asked: _base(store, watcher, *asked))
    names = store.resolve(str(built.image)).names
    return BuildResult(str(built.image), names, built.steps, built.unused)


def _processes(request: BuildRequest) -> Runner:
    from layerscope.build.container_runner import ContainerRunner
    from layerscope.containers.runtime.spec import Network

    return ContainerRunner(Network(request.network), toolbox=request.toolbox)


def _dockerfile(request: BuildRequest) -> Path:
    """Where it is: named from here or from the context, or by its usual name."""
    named = request.file
    places = [named, request.context / named] if named else [request.context / "Dockerfile"]
    for place in places:
        if place.is_file():
            return place
    raise NoContext(
        str(places[0]), "there is no such Dockerfile", "-f FILE, if it has another name"
    )


def _text(file: Path) -> str:
    from layerscope.build.lines import MAX_BYTES

    try:
        with file.open("rb") as source:
            data = source.read(MAX_BYTES + 1)
    except OSError as error:
        raise NoContext(str(file), (error.strerror or str(error)).lower()) from error
    if len(data) > MAX_BYTES or b"\0" in data:
        raise NoContext(str(file), "it is no Dockerfile: too large, or no text")
    return data.decode("utf-8", "surrogateescape")


def _shown(file: Path, request: BuildRequest) -> str:
    """The Dockerfile's name for errors: short where it is the usual one."""
    return str(request.file) if request.file else file.name


class _Watched(Silent):
    """Progress of a base that is copied in: it stops when the build is to stop."""

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher

    def check(self) -> None:
        self._watcher.check()


def _base(store: Store, watcher: Watcher, text: str, platform: Platform | None) -> StoredImage:
    """The image that a FROM names, in the store: one of the store's, or any TARGET copied in."""
    from layerscope.oci.platform import choose

    if store.has_name(text):
        stored = store.resolve(text)
        if platform is not None:
            choose(platform, [store.config(stored).platform], text)
        return stored
    from layerscope.sources.load import load_image
    from layerscope.sources.target import open_target

    progress = _Watched(watcher)
    image = open_target(text, store, platform, progress)
    return load_image(image, store, (), progress).image
