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


def test_the_last_column_is_not_padded() -> None:
    assert table(("TAG", "A"), [("1", "")]) == ["TAG       A", "1         "]


def test_templates() -> None:
    assert formatted("{{.ID}} {{ .Size }}", HEADINGS, ROWS) == ["abc 5B", "a-longer-one 10MB"]
    assert formatted("table {{.ID}}\\t{{.Size}}", HEADINGS, ROWS) == [
        "IMAGE ID       SIZE",
        "abc            5B",
        "a-longer-one   10MB",
    ]
    assert formatted("table {{.ID}}", HEADINGS, []) == ["IMAGE ID"]
    assert formatted("json", HEADINGS, ROWS[:1]) == ['{"ID":"abc","Size":"5B"}']


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{json .}}", '{"ID":"a/b","Size":"5B"}'),
        ("{{json .ID}}", '"a/b"'),
        ('{{json (split "<a>" "a")}}', '["<",">"]'),
        ("{{upper .ID}}|{{.Size | lower | json}}", 'A/B|"5b"'),
        ('{{join (split .ID "/") "-"}}', "a-b"),
        ('{{split .ID "/"}}', "[a b]"),
        ("{{json (split .ID `/`)}}", '["a","b"]'),
        ("{{truncate .ID 2}}", "a/"),
        ("{{pad .Size 1 2}}|", " 5B  |"),
        ("{{title .Size}}{{println .ID .Size}}", "5Ba/b 5B\n"),
        ("no action", "no action"),
        ("{{.}}", "map[ID:a/b Size:5B]"),
    ],
)
def test_functions(template: str, text: str) -> None:
    assert formatted(template, HEADINGS, [{"ID": "a/b", "Size": "5B"}]) == [text]


def test_json_of_a_row_is_escaped_as_docker_does_it() -> None:
    assert formatted("json", {"ID": ""}, [{"ID": "<none> & \u2028"}]) == [
        '{"ID":"\\u003cnone\\u003e \\u0026 \\u2028"}'
    ]


def test_functions_leave_headings_alone() -> None:
    lines = formatted('table {{lower .ID}}\\t{{join (split .Size "B") "b"}}', HEADINGS, ROWS[:1])
    assert lines == ["IMAGE ID   SIZE", "abc        5b"]


@pytest.mark.parametrize(
    "template",
    [
        *("{{.Nope}}", "{{}}", "{{nope .ID}}", "{{range .}}", "{{.ID", "{{.ID .Size}}"),
        *("{{json}}", "{{truncate .ID}}", "{{truncate .ID .ID}}", "{{(.ID}}", "{{.ID | .ID}}"),
        *("{{$x}}", '{{"a}}', "{{.ID | }}", "{{join .ID 3}}", "{{lower 3}}"),
    ],
)
def test_what_is_unknown_is_an_error_that_names_it(template: str) -> None:
    with pytest.raises(UsageError, match=r"--format \{\{"):
        formatted(template, HEADINGS, ROWS)


def test_an_unknown_field_names_those_that_there_are() -> None:
    with pytest.raises(UsageError, match=r"\.ID, \.Size"):
        formatted("{{.Nope}}", HEADINGS, [])
    with pytest.raises(UsageError, match="json, lower"):
        formatted("{{nope .ID}}", HEADINGS, [])
