"""What each layer of an image holds, adds, changes, removes and wastes."""

from __future__ import annotations

from dataclasses import dataclass

from layerscope.analysis.efficiency import hidden_bytes
from layerscope.usecases.opened import OpenImage


@dataclass(frozen=True, slots=True)
class LayerRow:
    """One layer, bottom up from 0; sizes in bytes.

    ``size`` counts each inode once; ``files`` everything that is no directory; ``modified`` counts
    content and metadata; ``wasted_bytes`` is what the layer holds and the image doesn't show.
    What isn't ``verified`` the layer's own table of contents says.
    """

    index: int
    digest: str
    diff_id: str
    media_type: str
    created_by: str
    blob_size: int
    size: int
    files: int
    added: int
    modified: int
    removed: int
    added_bytes: int
    modified_bytes: int
    removed_bytes: int
    wasted_bytes: int
    verified: bool


def list_layers(image: OpenImage) -> list[LayerRow]:
    """A row a layer. The image must have been read."""
    commands = created_by(image)
    stacks = image.stacks()
    wasted = hidden_bytes(stacks[-1]) if stacks else []
    rows = []
    for number, stack in enumerate(stacks):
        facts, tally = image.facts(number), stack.tally
        assert facts is not None
        rows.append(
            LayerRow(
                index=number,
                digest=str(facts.digest),
                diff_id=str(facts.diff_id),
                media_type=_media_type(image, number, facts.codec),
                created_by=commands[number],
                blob_size=facts.blob_size,
                size=facts.size,
                files=facts.files,
                added=tally.added,
                modified=tally.modified + tally.metadata,
                removed=tally.removed,
                added_bytes=tally.added_bytes,
                modified_bytes=tally.modified_bytes + tally.metadata_bytes,
                removed_bytes=tally.removed_bytes,
                wasted_bytes=wasted[number],
                verified=facts.verified,
            )
        )
    return rows


def created_by(image: OpenImage) -> list[str]:
    """The command that made each layer, "" where nobody wrote it down."""
    made = {
        step.layer: step.history.created_by
        for step in image.image.config.steps
        if step.layer is not None and step.history is not None
    }
    return [made.get(number, "") for number in range(image.layer_count)]


def _media_type(image: OpenImage, number: int, codec: str) -> str:
    from layerscope.oci import media

    descriptor = image.image.layers[number].descriptor
    if descriptor is not None and descriptor.media_type:
        return descriptor.media_type
    return media.OCI_LAYER if codec == "plain" else f"{media.OCI_LAYER}+{codec}"
