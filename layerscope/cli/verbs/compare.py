"""``layerscope compare``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from layerscope.cli.context import Context
from layerscope.cli.parser import Parser, add_target
from layerscope.cli.text import exact, shown, shown_text
from layerscope.index.change import Change
from layerscope.usecases.compare import Comparison, compare

_SIGNS = {Change.ADDED: "A", Change.MODIFIED: "C", Change.METADATA: "C", Change.REMOVED: "D"}

EXAMPLES = """\
layerscope compare web:1.1 web:1.2
layerscope compare web:1.2 image.tar --json"""


def configure(parser: Parser) -> None:
    """Say the words of the verb."""
    add_target(parser, "a", "A")
    add_target(parser, "b", "B")
    parser.epilog = (
        "From A to B: files that were added (A), changed (C) and removed (D), with their sizes.\n"
        "Layers are the same if their diffIDs are."
    )


def run(context: Context) -> int:
    """Compare two images."""
    a, b = (context.open_image(one, tables=False) for one in (context.args.a, context.args.b))
    found = compare(a, b)
    if context.args.json:
        return context.print_json(_document(found))
    size = context.size
    only_a = sum(layer.size for layer in found.layers_only_a)
    only_b = sum(layer.size for layer in found.layers_only_b)
    context.print(
        (
            f"shared layers   {len(found.shared_layers)} ({size(found.shared_bytes)})",
            f"only in A       {len(found.layers_only_a)} ({size(only_a)})",
            f"only in B       {len(found.layers_only_b)} ({size(only_b)})",
        )
    )
    context.print(_sections(context, found))
    return 0


def _sections(context: Context, found: Comparison) -> Iterator[str]:
    if found.config:
        yield ""
        yield "Config:"
        for key in found.config:
            yield shown_text(f"  {key.key}: {_told(key.a)} -> {_told(key.b)}")
    if found.files:
        yield ""
        yield "Files:"
        for file in found.files:
            sizes = [context.size(s) for s in (file.size_a, file.size_b) if s is not None]
            path = shown(file.path)
            yield f"{_SIGNS[file.change]} {' -> '.join(dict.fromkeys(sizes)):>18} /{path}"


def _told(value: Any) -> str:
    return "nothing" if value is None else json.dumps(value, ensure_ascii=False)


def _document(found: Comparison) -> dict[str, object]:
    return {
        "shared_layers": [str(layer.diff_id) for layer in found.shared_layers],
        "shared_bytes": found.shared_bytes,
        "layers_only_a": [str(layer.diff_id) for layer in found.layers_only_a],
        "layers_only_b": [str(layer.diff_id) for layer in found.layers_only_b],
        "files": [
            {
                "path": "/" + exact(file.path),
                "change": _SIGNS[file.change],
                "size_a": file.size_a,
                "size_b": file.size_b,
            }
            for file in found.files
        ],
        "config": [{"key": key.key, "a": key.a, "b": key.b} for key in found.config],
    }
