"""What an image wastes: dive's figures, and beside them what is true."""

from __future__ import annotations

from dataclasses import dataclass

from layerscope.analysis.efficiency import Efficiency, efficiency
from layerscope.analysis.losses import Loss, losses
from layerscope.usecases.opened import OpenImage


@dataclass(frozen=True, slots=True)
class Waste:
    """dive's figures, and the losses of which the image consists, largest first."""

    efficiency: Efficiency
    losses: tuple[Loss, ...]


def waste(image: OpenImage) -> Waste:
    """The image must have been read. Raises NoSuchLayer if it wasn't."""
    stacks = image.stacks()
    return Waste(efficiency(stacks), tuple(losses(stacks)))
