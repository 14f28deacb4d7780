"""RUN as real processes in a container of the kernel's overlay (Linux; root or user namespace)."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from layerscope.build.runner import Command, Output
from layerscope.containers.runtime.spec import (
    Bind,
    Box,
    CannotRun,
    Network,
    Process,
    error_line,
    error_of,
)

_SYS_ADMIN = 21  # linux/capability.h
_HINT = "as root, or where an ordinary user may have namespaces"


class ContainerRunner:
    """Runs commands; ``toolbox`` lends an image without a shell the host's busybox."""

    def __init__(self, network: Network = Network.NONE, *, toolbox: bool = False) -> None:
        self._network = network
        self._toolbox = toolbox

    def check(self) -> None:
        """Raise CannotRun where no process can be run in a container."""
        if sys.platform != "linux":
            raise CannotRun("RUN", "processes in containers need Linux")
        if os.geteuid() == 0 and _may_administer():
            return
        from layerscope.containers.runtime import kernel, namespaces

        kernel.load()
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reader)
            try:
                namespaces.make_own(Network.NONE)
                os.write(writer, b"ok")
            except CannotRun as error:
                os.write(writer, error_line(error))
            finally:
                os._exit(0)
        os.close(writer)
        with open(reader, "rb") as told:
            line = told.read()
        os.waitpid(child, 0)
        if line != b"ok":
            told_of = error_of(line)
            why = f"it can't run here: {told_of.what}: {told_of.why}"
            raise CannotRun("RUN", why, told_of.hint or _HINT)

    def run(self, command: Command, output: Output) -> int:
        """Run it to its end; its exit code. Raises CannotRun, MountFailed, Cancelled, OSError."""
        from layerscope.cow.lock import LayerLock

        with ExitStack() as stack:
            binds = tuple(_volumes(command))
            lock = LayerLock(command.place.work)
            stack.callback(lock.release)
            box = self._box(command, binds)
            env = tuple(f"{name}={value}" for name, value in command.env.items())
            process = Process(command.argv, env, command.working_dir, command.user)
            return _run(box, process, output)

    def _box(self, command: Command, binds: tuple[Bind, ...]) -> Box:
        from layerscope.containers.runtime.rootfs import make_base, write_own_files
        from layerscope.containers.trees import unpacked
        from layerscope.cow.form import detect_form

        store, folder = command.store, command.place.folder
        layers = [make_base(folder / "base")]
        if self._toolbox:
            from layerscope.containers.runtime.toolbox import toolbox

            layers.insert(0, toolbox(store.root / "toolbox"))
        if command.image is not None:
            layers += unpacked(store, store.resolve(str(command.image)))
        merged, own = folder / "merged", folder / "own"
        merged.mkdir()
        own.mkdir()
        write_own_files(own, "build")
        named = command.network if command.network in ("none", "host") else None
        network = Network(named) if named else self._network
        form = detect_form(folder)
        return Box(
            tuple(layers),
            command.place.upper,
            command.place.work,
            merged,
            form,
            own,
            "build",
            binds,
            network,
        )


def _may_administer() -> bool:
    """Whether this process has the capability that namespaces and mounts ask of root."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return False
    found = [line for line in status.splitlines() if line.startswith("CapEff:")]
    return bool(found) and bool(int(found[0].split()[1], 16) >> _SYS_ADMIN & 1)


def _volumes(command: Command) -> Iterator[Bind]:
    """Folders for the image's volumes, filled with what it has there; they end with the step."""
    if not command.volumes:
        return
    from layerscope.build.copying import make_folders, resolve
    from layerscope.build.workplace import open_stage
    from layerscope.containers.copy_tree import copy_tree
    from layerscope.cow.empty_lower import EmptyLower
    from layerscope.cow.engine import open_engine

    folder = command.place.folder
    with open_stage(command.store, command.image, command.place) as engine:
        for number, target in enumerate(command.volumes):
            path = resolve(engine, os.fsencode("/" + target))
            make_folders(engine, path)
            data, work = folder / f"volume-{number}", folder / f"volume-work-{number}"
            for place in (data, work):
                place.mkdir(mode=0o755)
            with open_engine(EmptyLower(), data, work) as volume:
                copy_tree(engine, path, volume, b"/")
            yield Bind(Path(data), os.fsdecode(path))


def _run(box: Box, process: Process, output: Output) -> int:
    from layerscope.build.attend import attend
    from layerscope.containers.runtime.launch import launch
    from layerscope.store.database import forking_strangers

    reader, writer = os.pipe()
    nothing = os.open(os.devnull, os.O_RDONLY)
    try:
        with forking_strangers():
            started = launch(box, process, (nothing, writer, writer))
    except BaseException:
        os.close(reader)
        raise
    finally:
        os.close(nothing)
        os.close(writer)
    try:
        threading.Thread(target=_prepare, daemon=True).start()
        return attend(started, reader, output)
    finally:
        os.close(reader)
        started.let_go()


def _prepare() -> None:
    """Load what the layer will be made with, while the command runs."""
    import layerscope.build.layer
    import layerscope.index.ingest  # noqa: F401
