"""``layerscope prune``."""

from __future__ import annotations

from layerscope.cli.context import Context
from layerscope.cli.parser import Parser
from layerscope.cli.table import table
from layerscope.units import counted
from layerscope.usecases.prune import prune

EXAMPLES = "layerscope prune --dry-run"


def configure(parser: Parser) -> None:
    """Say the words of the verb."""
    parser.add_argument("--dry-run", action="store_true", help="only say what would go")
    parser.epilog = (
        "Goes: images without a name that nothing uses, blobs and caches that no image has, and\n"
        "what processes that died have left. Nothing that another process has in hand."
    )


def run(context: Context) -> int:
    """Remove what nothing refers to."""
    done = prune(context.store, dry_run=context.args.dry_run)
    if context.args.json:
        freed = {"bytes_freed": done.bytes_freed, "blobs": done.blobs, "layers": done.layers}
        return context.print_json(freed | {"images": list(done.images)})
    word = "Would free" if context.args.dry_run else "Freed"
    if context.args.dry_run and done.things:
        rows = [(context.size(one.size), one.about, one.name) for one in done.things]
        context.print(table(["SIZE", "WHAT", "NAME"], rows))
    what = f"{counted(done.blobs, 'blob')}, {counted(done.layers, 'layer')}"
    context.print([f"{word} {context.size(done.bytes_freed)}: {what}"])
    return 0
