from __future__ import annotations

import pytest
from rich.cells import cell_len

from layerscope.tui.models.layer_line import LayerLine, LayerState, Stage
from layerscope.tui.models.layer_lines import LayerLines, layer_headings

LINES = (
    LayerLine(0, "ADD file:01 in /", "", LayerState(Stage.READY, size=117_000_000), 1.0),
    LayerLine(None, 'CMD ["\x1b[2Jsh"]', "", LayerState(Stage.READY, size=0), 0.0),
    LayerLine(1, "RUN make", "", LayerState(Stage.READY, size=5_000, wasted=1_200), 0.01),
    LayerLine(2, "COPY . /app", "", LayerState(Stage.READING, done=45, total=100), 0.0),
    LayerLine(3, "RUN b", "", LayerState(Stage.FAILED, error="blob: it ends too early"), 0.0),
    LayerLine(4, "RUN c", "", LayerState(), 0.0),
)


def texts(width: int) -> list[str]:
    lines = LayerLines(LINES, marked=(1,))
    return ["".join(text for text, _ in lines.spans(n, width)) for n in range(len(lines))]


def test_lines() -> None:
    assert [layer_headings(60).rstrip(), *(line.rstrip() for line in texts(60))] == [
        "   L     SIZE             WASTED COMMAND",
        "   0    117MB ████████           ADD file:01 in /",
        '           0B                    CMD ["\\x1b[2Jsh"]',
        "◆  1      5kB ▏           -1.2kB RUN make",
        "   2      45% ███▋               COPY . /app",
        "   3    error                    blob: it ends too early",
        "   4        …                    RUN c",
    ]


def test_narrow_lines_keep_the_command() -> None:
    assert texts(39)[2].rstrip() == "◆  1      5kB    -1.2kB RUN make"
    assert "WASTED" in layer_headings(39)
    assert texts(32)[0].rstrip() == "   0    117MB ADD file:01 in /"


@pytest.mark.parametrize("width", range(24, 120, 5))
def test_lines_are_as_wide_as_the_pane(width: int) -> None:
    assert {cell_len(line) for line in [*texts(width), layer_headings(width)]} == {width}
