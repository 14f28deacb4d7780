"""What images share with each other: Docker's SHARED SIZE and UNIQUE SIZE."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from layerscope.oci.digest import Digest


@dataclass(frozen=True, slots=True)
class Chain:
    """A layer as part of a stack: its chain ID and its size in bytes."""

    chain_id: Digest
    size: int


@dataclass(frozen=True, slots=True)
class Share:
    """An image's size in bytes, and how much of it other images have as well."""

    size: int
    shared: int

    @property
    def unique(self) -> int:
        """What would be freed if only this image went."""
        return self.size - self.shared


def shares(images: Mapping[Digest, Sequence[Chain]]) -> dict[Digest, Share]:
    """For each image ID its share; a layer is shared if another image stands on it, too."""
    users = Counter(chain.chain_id for chains in images.values() for chain in set(chains))
    return {
        image: Share(
            sum(chain.size for chain in chains),
            sum(chain.size for chain in chains if users[chain.chain_id] > 1),
        )
        for image, chains in images.items()
    }


def total(images: Iterable[Sequence[Chain]]) -> int:
    """Bytes of all layers together, each chain once: Docker's LayersSize."""
    return sum(chain.size for chain in {chain for chains in images for chain in chains})
