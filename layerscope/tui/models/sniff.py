"""What a file is, by its first bytes: text, something with a known header, or just bytes."""

from __future__ import annotations

import enum
import struct
from dataclasses import dataclass

HEAD = 8192

_MACHINES = {3: "x86", 40: "ARM", 62: "x86-64", 183: "AArch64", 243: "RISC-V", 21: "PowerPC 64"}
_ELF_TYPES = {1: "relocatable object", 2: "program", 3: "shared object or program", 4: "core dump"}
_PNG_COLOURS = {0: "grey", 2: "RGB", 3: "palette", 4: "grey and alpha", 6: "RGBA"}
_MAGIC = (
    (b"\x1f\x8b", "gzip data"),
    (b"\x28\xb5\x2f\xfd", "Zstandard data"),
    (b"\xfd7zXZ\0", "xz data"),
    (b"BZh", "bzip2 data"),
    (b"PK\x03\x04", "zip archive (or jar, wheel, office document)"),
    (b"!<arch>\n", "static library or Debian package (ar archive)"),
    (b"SQLite format 3\0", "SQLite database"),
    (b"\xca\xfe\xba\xbe", "Java class"),
    (b"%PDF-", "PDF document"),
    (b"\0asm", "WebAssembly module"),
    (b"OTTO", "OpenType font"),
    (b"wOFF", "web font"),
    (b"wOF2", "web font"),
    (b"\0\x01\0\0\0", "TrueType font"),
    (b"\xde\x12\x04\x95", "message catalogue (gettext)"),
)


class Form(enum.Enum):
    """How content is best shown."""

    EMPTY = "empty"
    TEXT = "text"
    BINARY = "binary"


@dataclass(frozen=True, slots=True)
class Sniffed:
    """``fact`` is one line about what the content is, "" if its first bytes don't tell."""

    form: Form
    fact: str = ""


def sniff(head: bytes) -> Sniffed:
    """Judge by the first HEAD bytes of a file."""
    if not head:
        return Sniffed(Form.EMPTY)
    fact = _image(head) or _elf(head) or _by_magic(head)
    if fact or not _is_text(head):
        return Sniffed(Form.BINARY, fact)
    return Sniffed(Form.TEXT)


def _is_text(head: bytes) -> bool:
    if b"\0" in head:
        return False
    try:
        head.decode()
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3:
            controls = sum(byte < 0x20 and byte not in b"\t\n\r\f\x1b\b" for byte in head)
            high = sum(byte >= 0x80 for byte in head)
            return controls == 0 and high * 10 < len(head)
    return True


def _by_magic(head: bytes) -> str:
    return next((words for magic, words in _MAGIC if head.startswith(magic)), "")


def _image(head: bytes) -> str:
    try:
        if head.startswith(b"\x89PNG\r\n\x1a\n"):
            width, height, bits, colour = struct.unpack(">IIBB", head[16:26])
            return (
                f"PNG image, {width} × {height}, {bits} bit {_PNG_COLOURS.get(colour, '')}".strip()
            )
        if head.startswith((b"GIF87a", b"GIF89a")):
            return "GIF image, {} × {}".format(*struct.unpack("<HH", head[6:10]))
        if head.startswith(b"\xff\xd8\xff"):
            return _jpeg(head)
        if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
            return _webp(head)
        if head.startswith(b"BM") and head[6:10] == bytes(4):
            return "BMP image, {} × {}".format(*struct.unpack("<ii", head[18:26]))
        if head.startswith(b"\0\0\x01\0") and head[4:6] != b"\0\0":
            return f"icon, {struct.unpack('<H', head[4:6])[0]} pictures"
        if head.startswith((b"II*\0", b"MM\0*")):
            return "TIFF image"
    except struct.error:
        return ""
    return ""


def _jpeg(head: bytes) -> str:
    at = 2
    while at + 9 <= len(head) and head[at] == 0xFF:
        marker, length = head[at + 1], int.from_bytes(head[at + 2 : at + 4], "big")
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", head[at + 5 : at + 9])
            return f"JPEG image, {width} × {height}"
        at += 2 + max(length, 2)
    return "JPEG image"


def _webp(head: bytes) -> str:
    if head[12:16] == b"VP8X":
        width, height = (1 + int.from_bytes(head[at : at + 3], "little") for at in (24, 27))
    elif head[12:16] == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        width, height = 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    else:
        width, height = (side & 0x3FFF for side in struct.unpack("<HH", head[26:30]))
    return f"WebP image, {width} × {height}"


def _elf(head: bytes) -> str:
    if not head.startswith(b"\x7fELF") or len(head) < 20:
        return ""
    order = ">" if head[5] == 2 else "<"
    kind, machine = struct.unpack(f"{order}HH", head[16:20])
    bits = {1: "32-bit", 2: "64-bit"}.get(head[4], "")
    words = [f"ELF {bits}".strip(), _ELF_TYPES.get(kind, "file"), _MACHINES.get(machine, "")]
    return " ".join(words[:2]) + (f", {words[2]}" if words[2] else "")
