"""What every verb has in hand: its arguments, the store, how to print."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from layerscope.units import size_text

if TYPE_CHECKING:
    import argparse

    from layerscope.cli.progress import Shown, TurnLine
    from layerscope.oci.platform import Platform
    from layerscope.progress import Progress
    from layerscope.store.store import Store
    from layerscope.usecases.opened import OpenImage, Seen


class Context:
    """One call of a verb."""

    def __init__(self, args: argparse.Namespace, root: Path) -> None:
        self.args = args
        self.root = root
        self._shown: Shown | None = None
        self._turn: TurnLine | None = None

    def close(self) -> None:
        """Leave the terminal as it was."""
        if self._shown is not None:
            self._shown.close()

    @cached_property
    def store(self) -> Store:
        """The store that ``--root`` names."""
        from layerscope.store.store import Store

        return Store.open(self.root, self._wait)

    def _wait(self, seconds: float) -> None:
        """Another process writes in the store. Raises Cancelled after a Ctrl+C."""
        from layerscope.cli.progress import TurnLine

        self._turn = self._turn or TurnLine()
        self._turn.tell(seconds)
        if self._shown is not None:
            self._shown.check()

    @property
    def progress(self) -> Progress:
        """Where long work tells how far it is; one piece of work after the other."""
        from layerscope.cli.progress import Shown

        self._shown = self._shown or Shown()
        return self._shown.progress()

    @property
    def platform(self) -> Platform | None:
        """The platform that ``--platform`` names."""
        from layerscope.oci.platform import Platform

        text = getattr(self.args, "platform", None)
        return Platform.parse(text) if text else None

    def open_image(self, target: str, *, last: int | None = None, tables: bool = True) -> OpenImage:
        """The image of a TARGET, the layers up to ``last``, or every one, read.

        Without ``tables`` a layer's own table of contents doesn't do.
        """
        from layerscope.usecases.opened import open_image

        return open_image(
            target, self.store, self.progress, self.platform, last=last, tables=tables
        )

    def open_seen(
        self, target: str, path: bytes, *, follow: bool = False, content: bool = True
    ) -> Seen:
        """The same, of a container as its processes see it at a path: with what is mounted."""
        from layerscope.usecases.opened import open_seen

        where = (target, path, self.store, self.progress, self.platform)
        return open_seen(*where, follow=follow, content=content)

    def size(self, size: int, digits: int = 3) -> str:
        """Bytes for people, or whole with ``--bytes``."""
        return str(size) if getattr(self.args, "bytes", False) else size_text(size, digits)

    def print(self, lines: Iterable[str]) -> None:
        """Print lines."""
        for line in lines:
            sys.stdout.write(line + "\n")

    def print_json(self, document: Any) -> int:
        """Print one JSON document and nothing else."""
        import json

        sys.stdout.write(json.dumps(document) + "\n")
        return 0

    def print_json_rows(self, rows: Iterable[Any]) -> int:
        """Print a JSON list whose items are made one by one: there may be millions."""
        import json

        separator = "["
        for row in rows:
            sys.stdout.write(separator + json.dumps(row))
            separator = ", "
        sys.stdout.write("[]\n" if separator == "[" else "]\n")
        return 0

    def listing(
        self,
        headings: Mapping[str, str],
        rows: Sequence[Mapping[str, str]],
        *,
        columns: Sequence[str],
        quiet: str = "ID",
    ) -> int:
        """Print rows of fields as a table of ``columns``, by ``--format``, or ``-q``."""
        from layerscope.cli.table import formatted, table

        template = self.args.format
        if getattr(self.args, "quiet", False):
            self.print(row[quiet] for row in rows)
        elif template and template != "table":
            self.print(formatted(template, headings, rows))
        else:
            cells = [[row[column] for column in columns] for row in rows]
            self.print(table([headings[column] for column in columns], cells))
        return 0


def default_root() -> Path:
    """Where the store is if nobody says: LAYERSCOPE_ROOT, or the user's data folder."""
    named = os.environ.get("LAYERSCOPE_ROOT")
    if named:
        return Path(named)
    from platformdirs import user_data_path

    return user_data_path("layerscope")
