"""Tables as Docker prints them, and listings by its ``--format``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Row = Mapping[str, str]

_GAP, _LEAST = 3, 10


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines with the columns aligned, as Docker aligns them: 10 wide at least, 3 apart.

    The last column is as long as it is.
    """
    columns = zip(headings, *rows, strict=True)
    widths = [max(_LEAST, _GAP + max(map(len, column))) for column in columns]
    lines = []
    for cells in (headings, *rows):
        padded = [f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True)]
        lines.append("".join(padded[:-1]) + (cells[-1] if cells else ""))
    return lines


def formatted(text: str, headings: Row, rows: Sequence[Row]) -> list[str]:
    """Lines of a template: ``{{.ID}}`` and the like, ``table …`` for a table with headings.

    ``headings`` has the fields that there are; ``json`` stands for ``{{json .}}``. Raises
    UsageError.
    """
    from layerscope.cli.template import Template

    is_table = text.startswith("table")
    text = text.removeprefix("table").lstrip() if is_table else text
    template = Template("{{json .}}" if text == "json" else text, tuple(headings))
    lines = [template.of(row) for row in rows]
    if not is_table:
        return lines
    cells = [line.split("\t") for line in (template.headings(headings), *lines)]
    width = max(map(len, cells))
    cells = [[*line, *[""] * (width - len(line))] for line in cells]
    return table(cells[0], cells[1:])
