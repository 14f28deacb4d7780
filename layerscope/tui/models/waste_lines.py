"""What an image wastes, as text: figures, losses, and what would save them."""

from __future__ import annotations

from collections.abc import Sequence

from layerscope.analysis.efficiency import Efficiency
from layerscope.analysis.losses import Loss
from layerscope.index.change import Change
from layerscope.tui.models.file_row import CHANGE_LETTERS, CHANGE_ROLES
from layerscope.tui.safe_text import fit, fit_end, fit_left, safe_name, safe_text
from layerscope.units import size_text

Span = tuple[str, str]

_SIZE, _FILES, _LAYERS = 8, 8, 12
_ADVICE = {
    Change.REMOVED: "removes it. Do both in one step, and it never gets into a layer",
    Change.MODIFIED: "writes it anew. Write it once, or in the same step",
    Change.METADATA: "changes only its mode, owner or times, and that copies it whole. "
    "Set them where it is made (COPY --chmod, --chown)",
    Change.REPEATED: "brings the very same file again. Leave it out there",
}


class WasteLines:
    """Losses, a line each, largest first."""

    def __init__(self, losses: Sequence[Loss]) -> None:
        self.losses = losses

    def __len__(self) -> int:
        return len(self.losses)

    def spans(self, index: int, width: int) -> Sequence[Span]:
        """Bytes, how they were lost, by which layer, from which, and the path."""
        loss = self.losses[index]
        role = CHANGE_ROLES[loss.change]
        spans = [
            (f" {fit_left(size_text(loss.bytes), _SIZE)} ", "strong"),
            (f" {CHANGE_LETTERS[loss.change]} ", role),
            (f" {fit_left(str(loss.by), 3)} ", "strong"),
        ]
        if width >= 70:
            made_by = ", ".join(map(str, loss.made_by))
            spans.append((f" {fit(made_by, _LAYERS)}", "dim"))
            spans.append((f"{fit_left(f'{loss.files:,}', _FILES)} ", "dim"))
        room = width - sum(len(text) for text, _ in spans) - 1
        return [*spans, (" " + fit_end("/" + safe_name(loss.path), room), "")]


def waste_headings(width: int) -> str:
    """The words above the columns."""
    text = f" {fit_left('LOST', _SIZE)}     {fit_left('BY', 3)} "
    if width >= 70:
        text += f" {fit('FROM', _LAYERS)}{fit_left('FILES', _FILES)} "
    return fit(text + " PATH", width)


def waste_figures(figures: Efficiency, notes: int) -> list[str]:
    """What is true, and dive's measure of it; and how much other engines make otherwise."""
    hidden = size_text(figures.hidden_bytes)
    share = figures.hidden_bytes / figures.size if figures.size else 0.0
    user = figures.wasted_user_percent
    lines = [
        f"{hidden} of {size_text(figures.size)} ({share:.1%}) is for nothing: layers hold it, "
        "the image doesn't show it.",
        f"As dive counts: efficiency {figures.efficiency:.2%}, {size_text(figures.wasted_bytes)} "
        f"wasted, {user:.2%} of what was added to the first layer.",
    ]
    if notes:
        lines.append(
            "Docker, containerd and Podman make something else of it than the OCI spec says: "
            f"layerscope analyze has the notes ({notes})."
        )
    return lines


def advice(loss: Loss, commands: Sequence[str]) -> str:
    """Who made it useless, and what would save it."""
    made_by = ", ".join(f"{n} ({_short(commands[n], 40)})" for n in loss.made_by[:3])
    by = f"Layer {loss.by} ({_short(commands[loss.by], 60)})"
    return f"It is in layer {made_by}. {by} {_ADVICE[loss.change]}."


def _short(command: str, width: int) -> str:
    """A command in at most so many cells."""
    return fit(safe_text(command), width).rstrip()
