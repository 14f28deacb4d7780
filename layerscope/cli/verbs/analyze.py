"""``layerscope analyze``."""

from __future__ import annotations

from layerscope.analysis.efficiency import Efficiency
from layerscope.analysis.notes import Note
from layerscope.cli.context import Context
from layerscope.cli.notes import note_document, note_lines
from layerscope.cli.parser import Parser, add_target, whole_number
from layerscope.cli.table import table
from layerscope.cli.text import exact, shown
from layerscope.usecases.analyze import analyze
from layerscope.usecases.notes import notes_of_image

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
        "what a better Dockerfile would save. Notes are where Docker, containerd and Podman make\n"
        "something else of a layer than the OCI spec says, which is what is shown."
    )


def run(context: Context) -> int:
    """Show waste."""
    image = context.open_image(context.args.target)
    found, notes = analyze(image), notes_of_image(image)
    if context.args.json:
        return context.print_json(_document(found, notes))
    context.print(
        (
            f"size              {context.size(found.size)}",
            f"efficiency        {found.efficiency:.4%}",
            f"wasted            {context.size(found.wasted_bytes)}, as dive counts",
            f"user bytes        {context.size(found.user_bytes)}",
            f"wasted of user    {found.wasted_user_percent:.4%}",
            f"hidden            {context.size(found.hidden_bytes)}, WASTED of 'layers'",
        )
    )
    if found.waste:
        cells = [
            (str(w.count), context.size(w.bytes), ",".join(map(str, w.layers)), "/" + shown(w.path))
            for w in found.waste[: context.args.top]
        ]
        context.print(["", *table(("COUNT", "BYTES", "LAYERS", "PATH"), cells)])
    if notes:
        context.print(["", "NOTES", *note_lines(notes)])
    return 0


def _document(found: Efficiency, notes: list[Note]) -> dict[str, object]:
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
        "notes": [note_document(note) for note in notes],
    }
