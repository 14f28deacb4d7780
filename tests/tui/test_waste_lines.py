"""What the Waste screen says above its list."""

from __future__ import annotations

from layerscope.analysis.efficiency import Efficiency
from layerscope.analysis.losses import Loss
from layerscope.index.change import Change
from layerscope.tui.models.waste_lines import advice, waste_figures

FIGURES = Efficiency(1000, 100, 0.9, 50, 20, ())


def test_notes_are_told_where_there_are_some() -> None:
    assert len(waste_figures(FIGURES, 0)) == 2
    assert waste_figures(FIGURES, 0) == waste_figures(FIGURES, 3)[:2]
    assert "layerscope analyze has the notes (3)" in waste_figures(FIGURES, 3)[2]


def test_a_command_that_is_cut_says_so() -> None:
    loss = Loss(b"a", Change.REMOVED, 1, (0,), 1, 5)
    words = advice(loss, ["RUN " + "x" * 60, "RUN rm a"])
    assert f"layer 0 (RUN {'x' * 35}…)" in words
    assert "Layer 1 (RUN rm a) removes it" in words
