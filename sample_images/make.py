"""Makes the sample images, the same bytes each time: `python -m sample_images.make [FOLDER]`.

Without FOLDER they are written where this file stands.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from sample_images import five_layers, mixed_codecs, shared_base, wasteful
from sample_images.archives import (
    Image,
    write_docker_archive,
    write_oci_archive,
    write_saved_by_docker_25,
)

Writer = Callable[[BinaryIO, Sequence[Image]], None]


def main(folder: Path) -> None:
    """Write every sample into ``folder``."""
    for name, write, images in _samples():
        with (folder / name).open("wb") as out:
            write(out, images)


def _samples() -> Iterator[tuple[str, Writer, Sequence[Image]]]:
    five = [five_layers.make()]
    yield "five-layers.docker.tar", write_docker_archive, five
    yield "five-layers.oci.tar", write_oci_archive, five
    yield "wasteful.docker.tar", write_saved_by_docker_25, [wasteful.make()]
    yield "mixed-codecs.oci.tar", write_oci_archive, [mixed_codecs.make()]
    yield "shared-base.docker.tar", write_docker_archive, shared_base.make()
    yield "shared-base.oci.tar", write_oci_archive, shared_base.make()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
