"""What needs an image to stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from layerscope.store.schema import IMAGE_USERS

if TYPE_CHECKING:
    from layerscope.oci.digest import Digest
    from layerscope.store.database import Database


def users(database: Database, image: Digest) -> list[str]:
    """Names of what needs ``image`` to stay, sorted."""
    found = (
        name for query in IMAGE_USERS for (of, name) in database.rows(query) if of == str(image)
    )
    return sorted(found)
