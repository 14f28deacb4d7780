"""Pictures of the explorer's screens: ``python -m tests.bench.screenshots`` draws them anew.

Made of the sample images, without a terminal; the same files each time.
"""

from __future__ import annotations

import asyncio
import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from layerscope.store.store import Store
from layerscope.tui.screens import containers
from layerscope.usecases.containers import Wanted, apply, create
from tests.support.explorer import explore
from tests.support.live_events import FakeLive
from tests.support.stores import load

_TOP = Path(__file__).parents[2]
_SAMPLES = _TOP / "sample_images"
_PICTURES = _TOP / ".github" / "screens"
_FOREIGN_FONTS = re.compile(r"\s*@font-face \{.*?\}", re.DOTALL)


@dataclass(frozen=True)
class Picture:
    """A screen: what is opened (the store for None), and the keys that lead to it."""

    name: str
    target: str | None = None
    keys: tuple[str, ...] = ()
    theme: str = "dark"


PICTURES = (
    Picture("images"),
    Picture("layers", "example/five-layers:latest", ("j", "j", "j", "j", "j", "tab", "j")),
    Picture("containers", None, ("C",)),
    Picture("store", None, ("S", "j", "j", "space")),
    Picture("waste", "example/wasteful:latest", ("w",)),
    Picture(
        "light", "example/five-layers:latest", ("j", "j", "j", "j", "j", "a", "tab", "+"), "light"
    ),
)


def main() -> None:
    """Draw all."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["PYTHONPATH"] = str(_TOP)  # for the process that reads layers
        os.chdir(folder)  # so that the store's place reads the same everywhere
        store = Store.open(Path("store"))
        for name in ("five-layers.docker", "wasteful.docker", "mixed-codecs.oci"):
            load(store, _SAMPLES / f"{name}.tar")
        shared = f"docker-archive:{_SAMPLES}/shared-base.docker.tar"
        for name in ("acme/my-base-image:1.0", "acme/my-final-image:1.0"):
            load(store, f"{shared}:{name}")
        create(store, "acme/my-final-image:1.0", Wanted(name="web"))
        apply(store, "web", [{"op": "write", "path": "/out.txt", "data": "hello"}])
        # What containers do hangs on the clock: that screen is drawn of made-up ones.
        setattr(containers, "Live", FakeLive)  # noqa: B010 - another class, on purpose
        for picture in PICTURES:
            asyncio.run(_draw(picture))


async def _draw(picture: Picture) -> None:
    async with explore(Path("store"), picture.target, columns=130, rows=30) as explorer:
        explorer.app.theme = picture.theme
        await explorer.press(*picture.keys)
        await asyncio.sleep(0.5)  # the time that a screen takes to show what came by itself
        await explorer.settle()
        drawn = explorer.app.export_screenshot(title=f"layerscope: {picture.name}")
    _PICTURES.mkdir(parents=True, exist_ok=True)
    (_PICTURES / f"{picture.name}.svg").write_text(_FOREIGN_FONTS.sub("", drawn))


if __name__ == "__main__":
    main()
