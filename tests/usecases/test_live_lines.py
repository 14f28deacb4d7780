"""What is said comes out as it went in."""

from __future__ import annotations

import pytest

from layerscope.accounting.live.figures import (
    Figures,
    Happening,
    Mark,
    Moment,
    Rates,
    Row,
    Source,
    Why,
)
from layerscope.usecases.live_lines import (
    At,
    BadLine,
    Close,
    Containers,
    Event,
    Failed,
    Fed,
    Growing,
    LiveContainer,
    Measured,
    Open,
    Request,
    Rows,
    Then,
    Timeline,
    Top,
    from_line,
    to_line,
)

ODD = b"d/\xff\xfe\n\x1b[31m\xc3\xa9 \x00"

MESSAGES: list[Event | Request] = [
    Containers(
        (
            LiveContainer(
                "i",
                "n",
                "img:1",
                "exited",
                137,
                "2026-01-01T00:00:00Z",
                "",
                "sh -c 'x'",
                7,
                ("v",),
                ("/data",),
                "docker",
            ),
        )
    ),
    Measured(
        "i", Figures(1.5, Why(1, 2, 3, 4), 5, Rates(-1.0, 2.0, 0.5), True, 0.1, Source.WALKS, "no")
    ),
    Fed("i", (Happening(2.0, "copied up", ODD, 45, 45, 2, 1), Happening(3.0, "many", b"", 1, 2))),
    Rows("i", True, (Row(ODD, Mark.UNCHANGED, "-", 9, 1.25, 0, 9, False),), (b"gone", ODD)),
    Top("i", (Growing(ODD, 5, 6),)),
    Timeline("i", (Moment(1.0, 2, 3, ((ODD, -4),)), Moment(2.0, 2, 3))),
    Then("i", 5.0, 4.5, ((ODD, 3),), 7, 21),
    Then("i", 5.0, None),
    Failed("store x", "it is gone"),
    Open("i"),
    Close("i"),
    At("i", 12.5),
]


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_there_and_back(message: Event | Request) -> None:
    line = to_line(message)
    assert line.count(b"\n") == 1
    assert line.isascii()
    assert from_line(line) == message


@pytest.mark.parametrize(
    "line", [b"", b"{}", b"[]", b"nonsense\n", b'{"name":"Rows"}', b'{"name":"Open","x":1}']
)
def test_nonsense(line: bytes) -> None:
    with pytest.raises(BadLine):
        from_line(line)
