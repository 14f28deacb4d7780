"""The Build screen, as text."""

from __future__ import annotations

from pathlib import Path

import pytest

from layerscope.build.record import find, keep
from layerscope.tui.models.build_lines import BuildLines
from layerscope.tui.screens.build import BuildScreen
from layerscope.tui.screens.layers import LayersScreen
from layerscope.usecases.build import BuildResult
from sample_images.archives import Image, Layer
from tests.support.builds import Bench
from tests.support.explorer import Explorer, explore
from tests.support.goldens import golden
from tests.support.layers import file, tar
from tests.support.stores import load_new

_SAMPLES = Path(__file__).parents[2] / "sample_images"
_FILE = """\
# syntax=docker/dockerfile:1
FROM base:1 AS tools
RUN write /tool made-for-the-image

FROM base:1
LABEL org.opencontainers.image.title="a label that is longer than most of the terminals are wide"
WORKDIR /app
COPY --from=tools /tool /bin/tool
COPY src \\
     /app/src
# nothing comes of it
RUN nothing
CMD ["/bin/tool"]
"""


@pytest.fixture(autouse=True)
def _frozen_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("layerscope.tui.screens.build.ago_text", lambda time: "2 days ago")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A store with an image that was built twice, the second time after a change."""
    bench = Bench(tmp_path)
    base = tar([file("etc", b"x" * 4000)])
    history = ({"created_by": "/bin/sh -c #(nop) ADD file:0 in / "},)
    load_new(bench.store, Image(("base:1",), (Layer.plain(base),), history, "2024-01-02", {}))
    bench(_FILE, names=("app:1",))
    bench.write("src/main.py", "changed")
    _take_times(bench, bench(_FILE, names=("app:1",)))
    bench.store.close()
    return tmp_path / "store"


def _take_times(bench: Bench, built: BuildResult) -> None:
    """The record as if every step had taken a quarter of a second."""
    image = bench.store.resolve(built.id).id
    record = find(bench.store, image)
    assert record is not None
    steps = tuple(step._replace(seconds=0.25) for step in record.steps)
    keep(bench.store, image, record._replace(steps=steps))


def _instructions(screen: BuildScreen) -> list[str]:
    """Those in the list."""
    model = screen.steps.model
    assert isinstance(model, BuildLines)
    return [step.instruction for step in model.steps]


async def to_build(explorer: Explorer) -> BuildScreen:
    await explorer.press("B")
    screen = explorer.app.screen
    assert isinstance(screen, BuildScreen)
    return screen


@pytest.mark.parametrize(("columns", "rows"), [(160, 40), (80, 24)])
async def test_steps_stand_beside_the_dockerfile(root: Path, columns: int, rows: int) -> None:
    async with explore(root, "app:1", columns=columns, rows=rows) as explorer:
        screen = await to_build(explorer)
        await explorer.press("down", "down", "down", "down", "down", "down")
        assert screen.step is not None
        assert screen.step.reason == "src/main.py changed"
        assert explorer.lines == golden(f"build-{columns}x{rows}", explorer.lines)
        await explorer.press("tab")
        name = f"build-dockerfile-{columns}x{rows}"
        assert explorer.lines == golden(name, explorer.lines)


@pytest.mark.parametrize(("columns", "rows"), [(160, 40), (80, 24)])
async def test_the_history_of_any_image_is_told_as_a_dockerfile(
    root: Path, columns: int, rows: int
) -> None:
    sample = str(_SAMPLES / "five-layers.docker.tar")
    async with explore(root, sample, columns=columns, rows=rows) as explorer:
        await to_build(explorer)
        await explorer.press("j", "j", "j")
        assert explorer.lines == golden(f"build-told-{columns}x{rows}", explorer.lines)
        await explorer.press("tab")
        name = f"build-told-dockerfile-{columns}x{rows}"
        assert explorer.lines == golden(name, explorer.lines)


async def test_a_step_leads_to_its_files(root: Path) -> None:
    async with explore(root, "app:1") as explorer:
        await to_build(explorer)
        await explorer.press("slash", *"src", "enter", "enter")
        screen = explorer.app.screen
        assert isinstance(screen, LayersScreen)
        assert screen.line is not None
        assert screen.line.layer == 3
        assert "What layer 3 changed" in explorer.text
        assert "main.py" in explorer.text


async def test_from_the_images_it_leads_there_and_back(root: Path) -> None:
    async with explore(root) as explorer:
        await to_build(explorer)
        await explorer.press("end", "up", "enter")
        assert "this step made no layer" in explorer.notices
        await explorer.press("up", "enter")
        assert "What layer 3 changed" in explorer.text
        await explorer.press("escape", "escape")
        assert isinstance(explorer.app.screen, BuildScreen)


async def test_a_from_leads_to_the_base_and_another_stage_to_its_image(root: Path) -> None:
    async with explore(root, "app:1") as explorer:
        await to_build(explorer)
        await explorer.press("j", "enter")
        assert "What layer 1 changed" in explorer.text
        assert "tool" in explorer.text
        await explorer.press("escape", "escape", "j", "enter")
        assert "What layer 0 changed" in explorer.text
        assert "etc" in explorer.text


async def test_walking_through_the_dockerfile_takes_the_steps_along(root: Path) -> None:
    async with explore(root, "app:1", columns=160) as explorer:
        screen = await to_build(explorer)
        await explorer.press("tab", "G")
        assert screen.step is not None
        assert screen.step.instruction == 'CMD ["/bin/tool"]'
        await explorer.press("k", "k", "k")
        assert screen.step.instruction.startswith("COPY src")
        assert screen.dockerfile.cursor == 9  # the second line of two
        await explorer.press("k", "k")
        assert screen.step.instruction.startswith("COPY --from")
        await explorer.press("escape")
        assert screen.steps.has_focus
        await explorer.press("escape")
        assert isinstance(explorer.app.screen, LayersScreen)


async def test_long_lines_move(root: Path) -> None:
    async with explore(root, "app:1", columns=80) as explorer:
        await to_build(explorer)
        await explorer.press("tab", "l", "l")
        assert '   6 itle="a label' in explorer.text
        await explorer.press("l", "l", "l", "l", "l", "l")
        assert "are wide" in explorer.text
        await explorer.press("h", "h", "h", "h", "h", "h", "h", "h")
        assert "LABEL org" in explorer.text


async def test_the_filter_finds_instructions_and_reasons(root: Path) -> None:
    async with explore(root, "app:1") as explorer:
        screen = await to_build(explorer)
        await explorer.press("slash", *"MAIN.PY")
        assert _instructions(screen) == ["COPY src      /app/src"]
        await explorer.press(*"xyz")
        assert "No step has this in it." in explorer.text
        await explorer.press("enter", "enter", "y", "escape")
        assert len(_instructions(screen)) == 9
        await explorer.press("end", "y")
        assert explorer.app.clipboard == 'CMD ["/bin/tool"]'


async def test_what_cannot_be_opened_is_told(root: Path) -> None:
    async with explore(root) as explorer:
        (root / "blobs").rename(root / "elsewhere")
        await to_build(explorer)
        assert "it can't be told" in explorer.lines[0]
        assert explorer.notices
        await explorer.press("enter", "tab", "y", "l", "slash", "escape", "escape")
