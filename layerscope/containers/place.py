"""The directories of a container's writable layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from layerscope.containers.shelf import folder_of
from layerscope.cow.form import detect_form
from layerscope.cow.place import Place

if TYPE_CHECKING:
    from layerscope.containers.record import Container
    from layerscope.store.store import Store


def place_of(store: Store, container: Container) -> Place:
    """Where they are, in the form that this process may write."""
    folder = folder_of(store, container)
    form = detect_form(folder)
    return Place(folder / "upper", folder / "work", folder / "merged", form)


def make_place(store: Store, container: Container) -> None:
    """Make a new container's directories: the same few over any image. Raises OSError."""
    folder_of(store, container).mkdir(parents=True)
    for name in ("upper", "work", "merged"):
        (folder_of(store, container) / name).mkdir()
    (folder_of(store, container) / "upper").chmod(0o755)
