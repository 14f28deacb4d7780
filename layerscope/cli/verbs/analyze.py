"""``layerscope analyze``."""

from __future__ import annotations

from layerscope.analysis.efficiency import Efficiency
from layerscope.cli.context import Context
from layerscope.cli.parser import Parser, add_target, whole_number
from layerscope.cli.table import table
from layerscope.cli.text import exact, shown
from layerscope.usecases.analyze import analyze

_TOP = 20

EXAMPLES = """\
layerscope analyze image.tar
layerscope analyze web:1.2 --top 5"""


def configure(parser: Parser) -> None:
    """Say the words of the verb."""
    add_target(parser)
    parser.add_argument(
        "--top", type=whole_number, default=_TOP, metavar="N", help=f"paths to list ({_TOP})"
    )
    parser.epilog = (
        "efficiency, wasted and user bytes are dive's figures: they count every copy of a path\n"
        "that comes twice. Hidden bytes are what the layers hold and the image doesn't show:\n"
        "what a better Dockerfile would save."
    )


def run(context: Context) -> int:
    """Show waste."""
    found = analyze(context.open_image(context.args.target))
    if context.args.json:
        return context.print_json(_document(found))
    context.print(
        (
            f"size              {context.size(found.size)}",
            f"efficiency        {found.efficiency:.4%}",
            f"wasted            {context.size(found.wasted_bytes)}",
            f"user bytes        {context.size(found.user_bytes)}",
            f"wasted of user    {found.wasted_user_percent:.4%}",
            f"hidden            {context.size(found.hidden_bytes)}",
        )
    )
    if found.waste:
        cells = [
            (str(w.count), context.size(w.bytes), ",".join(map(str, w.layers)), "/" + shown(w.path))
            for w in found.waste[: context.args.top]
        ]
        context.print(["", *table(("COUNT", "BYTES", "LAYERS", "PATH"), cells)])
    return 0


def _document(found: Efficiency) -> dict[str, object]:
    return {
        "size": found.size,
        "efficiency": found.efficiency,
        "wasted_bytes": found.wasted_bytes,
        "user_bytes": found.user_bytes,
        "wasted_user_percent": found.wasted_user_percent,
        "hidden_bytes": found.hidden_bytes,
        "waste": [
            {
                "path": "/" + exact(waste.path),
                "count": waste.count,
                "bytes": waste.bytes,
                "layers": list(waste.layers),
            }
            for waste in found.waste
        ],
    }
