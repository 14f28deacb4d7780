"""What is known of one step of an image's history, in words."""

from __future__ import annotations

from layerscope.index.facts import LayerFacts
from layerscope.index.stack import Tally
from layerscope.tui.models.layer_line import LayerLine, Stage
from layerscope.tui.safe_text import ELLIPSIS, safe_text
from layerscope.units import ago_text, counted, size_text


def about_layer(line: LayerLine, facts: LayerFacts | None, width: int) -> list[str]:
    """A few lines for a pane of ``width`` cells; the command comes last, whole."""
    words = [_what(line, facts)]
    if facts is not None:
        digest = str(facts.digest)
        words.append(digest if len(digest) <= width else digest[: width - 1] + ELLIPSIS)
    if line.state.tally is not None:
        words.append(tally_text(line.state.tally))
    if line.state.wasted:
        wasted = size_text(line.state.wasted)
        words.append(f"{wasted} wasted: layers above hide or replace it")
    if line.state.stage is Stage.FAILED:
        words.append(safe_text(line.state.error))
    return [*words, safe_text(line.command)]


def tally_text(tally: Tally) -> str:
    """How many files a layer changed, and how many bytes that is."""
    parts = (
        ("added", tally.added, tally.added_bytes, ""),
        ("modified", tally.modified, tally.modified_bytes, ""),
        ("metadata only", tally.metadata, tally.metadata_bytes, ""),
        ("repeated unchanged", tally.repeated, tally.repeated_bytes, ""),
        ("removed", tally.removed, tally.removed_bytes, "-"),
    )
    words = [f"{count:,} {word} ({sign}{size_text(size)})" for word, count, size, sign in parts
             if count]  # fmt: skip
    return ", ".join(words) or "no files changed"


def _what(line: LayerLine, facts: LayerFacts | None) -> str:
    when = f" · {ago_text(line.created)}" if line.created else ""
    if line.layer is None:
        return f"Metadata only, no layer{when}"
    text = f"Layer {line.layer}"
    if facts is not None:
        text += f" · {size_text(facts.size)} in {counted(facts.files, 'file')}"
        text += f" · {size_text(facts.blob_size)} as {_CODECS.get(facts.codec, facts.codec)}"
        text += "" if facts.verified else " · by its table of contents, not fetched"
    return text + when


_CODECS = {"plain": "tar"}
