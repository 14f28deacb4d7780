"""``layerscope fsck``."""

from __future__ import annotations

from layerscope.cli.context import Context
from layerscope.cli.parser import Parser
from layerscope.cli.text import shown_text
from layerscope.usecases.fsck import fsck


def configure(parser: Parser) -> None:
    """Say the words of the verb."""
    parser.add_argument("--repair", action="store_true", help="mend what can be mended")
    parser.epilog = "Exit code 1 if anything is wrong, mended or not."


def run(context: Context) -> int:
    """Examine the store."""
    faults = fsck(context.store, context.progress, repair=context.args.repair)
    if context.args.json:
        found = [{"what": f.what, "why": f.why, "repaired": f.mended} for f in faults]
        context.print_json({"clean": not faults, "faults": found})
    else:
        for fault in faults:
            mended = " (repaired)" if fault.mended else ""
            context.print([shown_text(f"{fault.what}: {fault.why}{mended}")])
    return 1 if faults else 0
