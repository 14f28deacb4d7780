"""What can be done to a container: started, ended, entered, committed, removed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from functools import partial

from textual import work

from layerscope.errors import LayerscopeError
from layerscope.tui.models.engine_commands import command_for
from layerscope.tui.safe_text import safe_text
from layerscope.tui.screens.ask import AskScreen
from layerscope.tui.screens.base import ExplorerScreen
from layerscope.units import counted, size_text
from layerscope.usecases.live_lines import OWN, LiveContainer

_SHELL = "command -v bash >/dev/null 2>&1 && exec bash; exec sh"


class ContainerActs(ExplorerScreen):
    """A screen with containers, and what the keys do to the chosen one."""

    def chosen(self) -> LiveContainer | None:
        """The container under the cursor."""
        return None

    def weight(self, row: LiveContainer) -> tuple[int, int]:
        """Bytes and files that its writable layer holds."""
        raise NotImplementedError

    def _own(self, act: str) -> LiveContainer | None:
        """The chosen one, if it is ours to change; else it is said what does ``act`` to it."""
        row = self.chosen()
        if row is None or row.origin == OWN:
            return row
        words = f"layerscope only looks at what {row.origin} has; to {act} it:\n"
        command = safe_text(command_for(row, act))
        self.notify(words + command, severity="warning", markup=False, timeout=8)
        return None

    def action_start_stop(self) -> None:
        """Start it, or ask it to end."""
        chosen = self.chosen()
        row = self._own("stop" if chosen is not None and chosen.is_up else "start")
        if row is None:
            return
        from layerscope.usecases.run import stop
        from layerscope.usecases.start_apart import start_apart

        if row.state == "running":
            self._do(f"{row.name} was stopped", partial(stop, self.session.store, row.id))
        else:
            self._do(f"{row.name} was started", partial(start_apart, self.session.root, row.id))

    def action_remove(self) -> None:
        """Ask, naming what is lost."""
        row = self._own("remove")
        if row is None:
            return
        size, files = self.weight(row)
        details = [f"Its writable layer goes: {size_text(size)} in {counted(files, 'file')}."]
        if row.state == "running":
            details.append("It is running, and is killed.")
        if row.volumes:
            details.append(f"Its volumes stay: {', '.join(row.volumes)}")
        from layerscope.usecases.containers import remove

        def answered(answer: str | None) -> None:
            if answer:
                call = partial(remove, self.session.store, row.id, force=True)
                self._do(f"{row.name} was removed", call)

        self.app.push_screen(AskScreen(f"Remove container {row.name}?", details), answered)

    def action_commit(self) -> None:
        """Ask for a name for the image."""
        row = self._own("commit")
        if row is None:
            return
        size, _ = self.weight(row)
        details = [f"A new image: {row.image} and a layer of {size_text(size)}."]
        from layerscope.usecases.containers import commit

        def answered(name: str | None) -> None:
            if name:
                call = partial(commit, self.session.store, row.id, name)
                self._do(f"{row.name} was committed as {name}", call)

        screen = AskScreen(f"Commit container {row.name} as", details, f"{row.name}:latest")
        self.app.push_screen(screen, answered)

    def action_shell(self) -> None:
        """A shell on this terminal; when it ends, the explorer is back."""
        row = self._own("enter")
        if row is None:
            return
        if row.state != "running":
            self.notify(f"{row.name} is not running: t starts it", markup=False, timeout=4)
            return
        options = ["--root", str(self.session.root), "exec", "-it", row.id, "sh", "-c", _SHELL]
        with self.app.suspend():
            print(f"layerscope: a shell in {row.name}; 'exit' leads back", flush=True)
            ran = subprocess.run([sys.executable, "-m", "layerscope", *options])
            if ran.returncode in (1, 126, 127):
                print("Enter leads back to the explorer ", end="", flush=True)
                sys.stdin.readline()
        self.explorer.forget_screen()
        self.refresh(layout=True)

    @work(thread=True)
    def _do(self, done: str, work: Callable[[], object]) -> None:
        try:
            work()
        except (LayerscopeError, OSError) as error:
            self.app.call_from_thread(self.fail, error)
            return
        self.app.call_from_thread(partial(self.notify, done, markup=False, timeout=3))
