"""Dockerfile to image."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from layerscope.build.lines import MAX_BYTES
from layerscope.build.plan import Step, StepDone, StepFailed, Watcher
from layerscope.errors import LayerscopeError
from layerscope.progress import Silent

if TYPE_CHECKING:
    from layerscope.build.parse import Dockerfile
    from layerscope.build.runner import Runner
    from layerscope.build.tree import Tree
    from layerscope.oci.platform import Platform
    from layerscope.store.images import StoredImage
    from layerscope.store.store import Store

__all__ = ["BuildRequest", "BuildResult", "Step", "StepDone", "StepFailed", "Watcher", "build"]


_STDIN = "standard input"


class NoContext(LayerscopeError):
    """The folder to build from, or its Dockerfile, isn't there."""


class BuildRequest(NamedTuple):
    """What is to be built; ``file`` is the Dockerfile, the context's for None.

    ``stdin`` has the Dockerfile where ``file`` is ``-``; where there is no ``context`` it has a
    Dockerfile alone, or a tar of both. ``epoch`` is SOURCE_DATE_EPOCH in seconds since 1970;
    ``network`` is ``none`` or ``host``.
    """

    context: Path | None
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
    stdin: BinaryIO | None = None


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
    from layerscope.build.plan import Plan
    from layerscope.store.adding import familiar

    for name in request.names:
        familiar(name)  # a wrong one is told before anything is built
    with _from_where(store, request) as (dockerfile, context):
        plan = Plan(
            dockerfile=dockerfile,
            context=context,
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


@contextmanager
def _from_where(store: Store, request: BuildRequest) -> Iterator[tuple[Dockerfile, Tree]]:
    from layerscope.build.context import Context, ignore_of
    from layerscope.build.parse import parse_dockerfile

    root, stdin = request.context, request.stdin
    if root is None:
        assert stdin is not None
        file = str(request.file) if request.file else None
        with _streamed(store, stdin, file) as (data, tree):
            yield parse_dockerfile(_text(data, _STDIN), _STDIN), tree
        return
    if not root.is_dir():
        raise NoContext(str(root), "there is no such folder to build from")
    if request.file == Path("-"):
        assert stdin is not None
        place, shown, data = None, _STDIN, stdin.read(MAX_BYTES + 1)
    else:
        place = _dockerfile(root, request.file)
        shown, data = str(request.file or place.name), _read(place)
    yield parse_dockerfile(_text(data, shown), shown), Context(root, ignore_of(root, place))


@contextmanager
def _streamed(store: Store, stdin: BinaryIO, file: str | None) -> Iterator[tuple[bytes, Tree]]:
    from layerscope.build.given import given

    with ExitStack() as stack:
        try:
            found = stack.enter_context(given(stdin, store, file, MAX_BYTES + 1))
        except FileNotFoundError:
            name = file or "Dockerfile"
            raise NoContext(name, "there is no such Dockerfile in the tar") from None
        except OSError as error:
            raise NoContext(_STDIN, (error.strerror or str(error)).lower()) from error
        except LayerscopeError as error:
            raise NoContext(_STDIN, error.why, error.hint) from error
        yield found


def _dockerfile(context: Path, named: Path | None) -> Path:
    """Where it is: named from here or from the context, or by its usual name."""
    places = [named, context / named] if named else [context / "Dockerfile"]
    for place in places:
        if place.is_file():
            return place
    raise NoContext(
        str(places[0]), "there is no such Dockerfile", "-f FILE, if it has another name"
    )


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as source:
            return source.read(MAX_BYTES + 1)
    except OSError as error:
        raise NoContext(str(file), (error.strerror or str(error)).lower()) from error


def _text(data: bytes, what: str) -> str:
    if len(data) > MAX_BYTES or b"\0" in data:
        raise NoContext(what, "it is no Dockerfile: too large, or no text")
    return data.decode("utf-8", "surrogateescape")


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
