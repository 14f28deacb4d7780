"""The Store screen as text: everything that costs space, and who shares it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from layerscope.tui.models.image_lines import MARKED, bar
from layerscope.tui.safe_text import cut, fit, fit_left, safe_text
from layerscope.units import size_text
from layerscope.usecases.store_overview import (
    Choice,
    ContainerThing,
    GivenBack,
    ImageThing,
    Overview,
)

Span = tuple[str, str]
_SIZE, _BACK = 8, 10
_LISTED = 12  # items of a list that a question names
NOTHING = Choice()


@dataclass(frozen=True, slots=True)
class Item:
    """A line that can be chosen: ``kind`` is image, container or volume; ``key`` its ID or name."""

    kind: str
    key: str
    name: str
    size: int
    back: int
    """What deleting it alone gives back by Docker's figures; 0 where something needs it."""
    note: str

    @property
    def choice(self) -> Choice:
        """It alone."""
        one = frozenset((self.key,))
        return Choice(**{f"{self.kind}s": one})


def items(seen: Overview) -> list[Item]:
    """Images, then containers, then volumes, each the largest gain first."""
    found = [_image(seen, image) for image in seen.listed]
    found += [_container(seen, one) for one in seen.containers]
    for volume in seen.volumes:
        back = 0 if volume.containers else volume.size
        note = "used by " + ", ".join(volume.containers) if volume.containers else "unused"
        found.append(Item("volume", volume.name, volume.name, volume.size, back, note))
    order = {"image": 0, "container": 1, "volume": 2}
    return sorted(found, key=lambda one: (order[one.kind], -one.back, -one.size, one.name))


def _image(seen: Overview, image: ImageThing) -> Item:
    alone = seen.gives_back(Choice(images=frozenset((image.id,))))
    needed = alone.kept.get(image.id, ())
    note = "kept by " + ", ".join(needed) if needed else "unused"
    name = ", ".join(image.names) or f"<none> {image.id[7:19]}"
    return Item("image", image.id, name, image.size, 0 if needed else alone.size, note)


def _container(seen: Overview, one: ContainerThing) -> Item:
    images = {image.id: image for image in seen.images}
    image = images.get(one.image)
    of = image.names[0] if image and image.names else one.image[7:19]
    note = f"{'running' if one.running else 'not running'}, of {of}"
    return Item("container", one.name, one.name, one.size, one.size, note)


def together(chosen: Sequence[Item]) -> Choice:
    """The choice of several lines."""

    def keys(kind: str) -> frozenset[str]:
        return frozenset(one.key for one in chosen if one.kind == kind)

    return Choice(keys("image"), keys("container"), keys("volume"))


def can_go(item: Item, back: GivenBack) -> bool:
    """Whether nothing needs it."""
    return item.kind == "container" or item.key not in back.kept


def consequences(chosen: Sequence[Item], back: GivenBack) -> list[str]:
    """What deleting them does, in lines."""
    lines = [f"{one.kind} {one.name}" for one in chosen[:_LISTED]]
    if len(chosen) > _LISTED:
        lines.append(f"and {len(chosen) - _LISTED} more")
    for name, users in list(back.kept.items())[:3]:
        lines.append(f"stays: {name[:19]} is needed by {', '.join(users)}")
    going = [one for one in chosen if can_go(one, back)]
    if going:
        size, disk = size_text(back.size), size_text(back.disk)
        lines.append(f"It gives back {size} of files, {disk} of the disk (blobs, indexes, logs).")
    if any(one.kind == "volume" for one in going):
        lines.append("What is in a volume is nowhere else.")
    return lines


class StoreLines:
    """The items, with a heading for each kind."""

    def __init__(self, found: Sequence[Item], marked: frozenset[tuple[str, str]]) -> None:
        self.rows: list[Item | str] = []
        self._marked = marked
        self._most = max((one.size for one in found), default=1) or 1
        for kind in ("image", "container", "volume"):
            of_kind = [one for one in found if one.kind == kind]
            if of_kind:
                total = size_text(sum(one.back for one in of_kind))
                self.rows.append(
                    f"{kind}s: {len(of_kind)}; one by one they would give back {total}"
                )
                self.rows += of_kind

    def __len__(self) -> int:
        return len(self.rows)

    def item(self, index: int) -> Item | None:
        """What can be chosen at a line."""
        row = self.rows[index] if 0 <= index < len(self.rows) else None
        return row if isinstance(row, Item) else None

    def spans(self, index: int, width: int) -> Sequence[Span]:
        """A heading, or mark, size, gain, name, use."""
        row = self.rows[index]
        if isinstance(row, str):
            return [(fit(f" {row.upper()[:1]}{row[1:]}", width), "dim")]
        marked = (row.kind, row.key) in self._marked
        spans = [
            (f" {MARKED} " if marked else "   ", "accent"),
            (f"{fit_left(size_text(row.size), _SIZE)} ", "strong"),
            (f"{fit_left(size_text(row.back), _BACK)} ", "added" if row.back else "dim"),
        ]
        if width >= 90:
            spans.append((bar(row.size / self._most, 10) + " ", "bar"))
        room = width - sum(len(text) for text, _ in spans)
        note = min(36, room // 2)
        spans.append((fit(safe_text(row.name), room - note), ""))
        spans.append((fit(f" {safe_text(row.note)}", note), "dim"))
        return spans


def store_headings(width: int) -> str:
    """The words above the columns."""
    text = f"   {fit_left('SIZE', _SIZE)} {fit_left('GIVES BACK', _BACK)} "
    text += " " * 11 if width >= 90 else ""
    room = width - len(text)
    note = min(36, room // 2)
    return text + fit("NAME", room - note) + fit(" USE", note)


class SharedLines:
    """Who shares what is in one item: an image's layers with their other images, and so on."""

    def __init__(self, seen: Overview, item: Item) -> None:
        self._lines: list[list[Span]] = [[(f" {safe_text(item.name)}", "strong")]]
        if item.kind == "image":
            self._of_image(seen, item)
        elif item.kind == "container":
            self._of_container(seen, item)
        else:
            self._of_volume(seen, item)

    def __len__(self) -> int:
        return len(self._lines)

    def spans(self, index: int, width: int) -> Sequence[Span]:
        """One of the lines."""
        return cut(self._lines[index], width)

    def _say(self, text: str, role: str = "") -> None:
        self._lines.append([(f" {text}", role)])

    def _of_image(self, seen: Overview, item: Item) -> None:
        names = {one.id: ", ".join(one.names) or one.id[7:19] for one in seen.listed}
        (image,) = (one for one in seen.listed if one.id == item.key)
        layers = {one.chain_id: one for one in seen.layers}
        others_of = {c: names.keys() & layers[c].images - {image.id} for c in image.layers}
        own = sum(layers[c].size for c, others in others_of.items() if not others)
        self._say(f"{size_text(own)} its own, {size_text(image.size - own)} shared", "dim")
        back = seen.gives_back(item.choice)
        self._say(f"deleted and pruned: {size_text(back.disk)} of the disk", "dim")
        self._say("")
        self._say("its layers, the newest first, and who else has them:", "dim")
        for number in reversed(range(len(image.layers))):
            layer = layers[image.layers[number]]
            others = sorted(safe_text(names[one]) for one in others_of[layer.chain_id])
            words = ", ".join(others) if others else "nobody else"
            role = "" if others else "added"
            size = fit_left(size_text(layer.size), _SIZE)
            self._lines.append([(f" {number:3} {size} ", "strong"), (f" {words}", role)])
        if image.containers:
            self._say("")
            self._say(f"containers: {', '.join(map(safe_text, image.containers))}")

    def _of_container(self, seen: Overview, item: Item) -> None:
        (one,) = (one for one in seen.containers if one.name == item.key)
        self._say(f"writable layer {size_text(one.size)}, nobody else's", "dim")
        self._say(f"removed: {size_text(one.disk)} of the disk, with its log", "dim")
        volumes = [volume for volume in seen.volumes if one.name in volume.containers]
        for volume in volumes:
            others = [name for name in volume.containers if name != one.name]
            shared = f", shared with {', '.join(map(safe_text, others))}" if others else ""
            self._say(
                f"volume {safe_text(volume.name)[:40]} stays ({size_text(volume.size)}){shared}"
            )

    def _of_volume(self, seen: Overview, item: Item) -> None:
        (volume,) = (one for one in seen.volumes if one.name == item.key)
        self._say(f"{size_text(volume.size)}, in no container's size", "dim")
        for name in volume.containers:
            self._say(f"used by {safe_text(name)}")
