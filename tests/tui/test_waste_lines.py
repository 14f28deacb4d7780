"""What the Waste screen says above its list."""

from __future__ import annotations

from layerscope.analysis.efficiency import Efficiency
from layerscope.tui.models.waste_lines import waste_figures

FIGURES = Efficiency(1000, 100, 0.9, 50, 20, ())


def test_notes_are_told_where_there_are_some() -> None:
    assert len(waste_figures(FIGURES, 0)) == 2
    assert waste_figures(FIGURES, 0) == waste_figures(FIGURES, 3)[:2]
    assert "layerscope analyze has the notes (3)" in waste_figures(FIGURES, 3)[2]
