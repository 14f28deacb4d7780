"""What stands in the sample files: text and bytes from a seed, the same everywhere."""

from __future__ import annotations

import hashlib

_WORDS = [
    "layer",
    "stack",
    "image",
    "file",
    "change",
    "upper",
    "lower",
    "merge",
    "white",
    "opaque",
    "copy",
    "write",
    "read",
    "mount",
    "store",
    "index",
    "digest",
    "size",
    "cost",
    "shared",
    "base",
    "name",
    "link",
    "path",
    "root",
    "tree",
    "volume",
    "engine",
    "step",
    "history",
]


def noise(seed: str, size: int) -> bytes:
    """``size`` bytes that do not compress, as media and packed data are."""
    return hashlib.shake_256(seed.encode()).digest(size)


def program(seed: str, size: int) -> bytes:
    """``size`` bytes that begin as an ELF program does; a third of them zeros."""
    body = noise(seed, size * 2 // 3)
    head = b"\x7fELF\x02\x01\x01" + bytes(9)
    return (head + body).ljust(size, b"\0")[:size]


def text(seed: str, size: int) -> bytes:
    """``size`` bytes of words in lines."""
    words = (_WORDS[number % len(_WORDS)] for number in noise(seed, size // 3 + 1))
    lines, line = [], ""
    for word in words:
        line = f"{line} {word}" if line else word
        if len(line) > 60:
            lines.append(line)
            line = ""
    return "\n".join([*lines, line]).encode()[: size - 1] + b"\n"


def package_record(name: str, size: int) -> bytes:
    """What a package manager's database says of one package; ``size`` is in kB."""
    return (
        f"Package: {name}\nStatus: install ok installed\nInstalled-Size: {size}\n"
        f"Architecture: amd64\nDescription: {name} for the sample images\n\n"
    ).encode()
