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

from layerscope.build.record import find, keep
from layerscope.store.store import Store
from layerscope.tui.screens import containers
from layerscope.usecases.build import BuildRequest, build
from layerscope.usecases.containers import Wanted, apply, create
from tests.support.builds import Engines, Watched
from tests.support.explorer import explore
from tests.support.live_events import FakeLive
from tests.support.stores import load

_TOP = Path(__file__).parents[2]
_SAMPLES = _TOP / "sample_images"
_PICTURES = _TOP / ".github" / "screens"
_FOREIGN_FONTS = re.compile(r"\s*@font-face \{.*?\}", re.DOTALL)

_DOCKERFILE = """\
# syntax=docker/dockerfile:1
FROM example/wasteful:latest AS tools
RUN write /tool made-here

FROM acme/my-base-image:1.0
LABEL org.opencontainers.image.title=app
COPY --from=tools /tool /bin/tool
COPY src /app
# what the start needs
RUN write /app/main.pyc compiled
USER nobody
CMD ["python3", "/app/main.py"]
"""


@dataclass(frozen=True)
class Picture:
    """A screen: what is opened (the store for None), and the keys that lead to it; ``store`` is
    the folder of that."""

    name: str
    target: str | None = None
    keys: tuple[str, ...] = ()
    theme: str = "dark"
    store: str = "store"


PICTURES = (
    Picture("images"),
    Picture("layers", "example/five-layers:latest", ("j", "j", "j", "j", "j", "tab", "j")),
    Picture("containers", None, ("C",)),
    Picture("store", None, ("S", "j", "j", "space")),
    Picture("build", "app:1.3", ("B", *"jjjjj"), store="built"),
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
        _build(Store.open(Path("built")))
        # What containers do hangs on the clock: that screen is drawn of made-up ones.
        setattr(containers, "Live", FakeLive)  # noqa: B010 - another class, on purpose
        for picture in PICTURES:
            asyncio.run(_draw(picture))


def _build(store: Store) -> None:
    """An image built twice, with a change in between; without processes, as if they took time."""
    load(store, _SAMPLES / "wasteful.docker.tar")
    load(store, f"docker-archive:{_SAMPLES}/shared-base.docker.tar:acme/my-base-image:1.0")
    context = Path("context")
    (context / "src").mkdir(parents=True)
    for name, text in (("a.txt", "a"), ("src/main.py", "print(1)\n"), ("src/util.py", "")):
        (context / name).write_text(text)
    (context / "Dockerfile").write_text(_DOCKERFILE)
    request = BuildRequest(context, names=("app:1.3",))
    for text in ("print(1)\n", "print(2)\n"):
        (context / "src" / "main.py").write_text(text)
        built = build(store, request, Watched(), Engines())
    image = store.resolve(built.id).id
    record = find(store, image)
    assert record is not None
    times = (step._replace(seconds=0.04 + step.size / 900) for step in record.steps)
    keep(store, image, record._replace(steps=tuple(times), built_at="2024-05-06T07:08:09Z"))


async def _draw(picture: Picture) -> None:
    async with explore(Path(picture.store), picture.target, columns=130, rows=30) as explorer:
        explorer.app.theme = picture.theme
        await explorer.press(*picture.keys)
        await asyncio.sleep(0.5)  # the time that a screen takes to show what came by itself
        await explorer.settle()
        drawn = explorer.app.export_screenshot(title=f"layerscope: {picture.name}")
    _PICTURES.mkdir(parents=True, exist_ok=True)
    (_PICTURES / f"{picture.name}.svg").write_text(_FOREIGN_FONTS.sub("", drawn))


if __name__ == "__main__":
    main()
