"""How well an image uses its bytes."""

from __future__ import annotations

from layerscope.analysis.efficiency import Efficiency, efficiency
from layerscope.usecases.opened import OpenImage


def analyze(image: OpenImage) -> Efficiency:
    """dive's figures and the bytes that could really be saved. The image must have been read."""
    return efficiency(image.stacks())
