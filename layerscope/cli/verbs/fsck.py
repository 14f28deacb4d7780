"""``layerscope fsck``."""

from __future__ import annotations

from layerscope.cli.context import Context
from layerscope.cli.notes import note_document, note_lines
from layerscope.cli.parser import Parser
from layerscope.cli.text import shown_text
from layerscope.usecases.fsck import fsck
from layerscope.usecases.notes import notes_of_store


def configure(parser: Parser) -> None:
    """Say the words of the verb."""
    parser.add_argument("--repair", action="store_true", help="mend what can be mended")
    parser.epilog = (
        "Exit code 1 if anything is wrong, mended or not. Notes are no faults: they name images\n"
        "of which Docker, containerd and Podman make something else than the OCI spec says."
    )


def run(context: Context) -> int:
    """Examine the store; what is still wrong in it afterwards is no ground for notes."""
    faults = fsck(context.store, context.progress, repair=context.args.repair)
    sound = all(fault.mended for fault in faults)
    noted = list(notes_of_store(context.store, context.progress)) if sound else []
    if context.args.json:
        found = [
            {"what": f.what, "why": f.why, "repaired": f.mended, "outcome": f.outcome}
            for f in faults
        ]
        notes = [{"image": name} | note_document(one) for name, of in noted for one in of]
        context.print_json({"clean": not faults, "faults": found, "notes": notes})
    else:
        for fault in faults:
            outcome = f" ({fault.outcome})" if fault.outcome else ""
            context.print([shown_text(f"{fault.what}: {fault.why}{outcome}")])
        for name, notes_of_it in noted:
            context.print(f"note: image {name}, {line}" for line in note_lines(notes_of_it))
    return 1 if faults else 0
