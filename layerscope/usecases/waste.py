"""What an image holds and doesn't show; :mod:`analyze` has dive's figures of it."""

from __future__ import annotations

from layerscope.analysis.losses import Loss, losses
from layerscope.usecases.opened import OpenImage


def waste(image: OpenImage) -> list[Loss]:
    """Where its bytes were lost, largest first. Raises NoSuchLayer if it wasn't read."""
    return losses(image.stacks())
