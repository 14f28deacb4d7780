from __future__ import annotations

import pytest

from layerscope.cli.table import formatted, table
from layerscope.errors import UsageError

HEADINGS = {"ID": "IMAGE ID", "Size": "SIZE"}
ROWS = [{"ID": "abc", "Size": "5B"}, {"ID": "a-longer-one", "Size": "10MB"}]


def test_columns_are_ten_wide_at_least_and_three_apart() -> None:
    lines = table(("TAG", "A"), [("1", "x"), ("a-long-tag-here", "y")])
    assert lines == ["TAG               A", "1                 x", "a-long-tag-here   y"]
    assert table(("TAG", "A"), []) == ["TAG       A"]


def test_templates() -> None:
    assert formatted("{{.ID}} {{ .Size }}", HEADINGS, ROWS) == ["abc 5B", "a-longer-one 10MB"]
    assert formatted("table {{.ID}}\\t{{.Size}}", HEADINGS, ROWS) == [
        "IMAGE ID       SIZE",
        "abc            5B",
        "a-longer-one   10MB",
    ]
    assert formatted("{{json .}}", HEADINGS, ROWS[:1]) == ['{"ID": "abc", "Size": "5B"}']
    assert formatted("{{upper .ID}}|{{.Size | lower | json}}", HEADINGS, ROWS[:1]) == ['ABC|"5b"']


@pytest.mark.parametrize("template", ["{{.Nope}}", "{{}}", "{{nope .ID}}", "{{range .}}"])
def test_what_is_unknown_is_an_error_that_names_what_there_is(template: str) -> None:
    with pytest.raises(UsageError, match=r"\.ID, \.Size|json, lower"):
        formatted(template, HEADINGS, ROWS)
