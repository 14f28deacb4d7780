from __future__ import annotations

from layerscope.oci.history import History, Step
from layerscope.tui.models.layer_line import NO_HISTORY, LayerState, Stage, layer_lines

STEPS = (
    Step(History(created_by="/bin/sh -c #(nop) ADD file:01 in /"), 0),
    Step(History(created_by='CMD ["sh"]', empty_layer=True), None),
    Step(History(comment="imported"), 1),
    Step(None, 2),
)


def test_every_step_is_a_line_bottom_up() -> None:
    states = {0: LayerState(Stage.READY, size=100), 1: LayerState(Stage.READY, size=25)}
    lines = layer_lines(STEPS, states)
    assert [line.command for line in lines] == [
        "ADD file:01 in /",
        'CMD ["sh"]',
        "imported",
        NO_HISTORY,
    ]
    assert [line.layer for line in lines] == [0, None, 1, 2]
    assert [line.share for line in lines] == [1.0, 0.0, 0.25, 0.0]
    assert [line.state.stage for line in lines] == [
        Stage.READY,
        Stage.READY,
        Stage.READY,
        Stage.WAITING,
    ]
    assert lines[1].state.size == 0
