"""The ``overlay.origin`` xattr: which lower file a copy came from.

The kernel uses it to keep inode numbers through a copy-up. Layout: fs/overlayfs/overlayfs.h,
``struct ovl_fb``: version, magic, length, flags, handle type, file-system UUID, handle.
"""

from __future__ import annotations

import struct
import sys

from layerscope.cow.syscalls import file_handle

_VERSION = 0
_MAGIC = 0xFB
_FLAGS = 1 if sys.byteorder == "big" else 0
_HEADER = struct.Struct("5B16s")


# What the kernel notes where the lower file can't be told: that it is a copy.
UNKNOWN = b""


def origin_value(fd: int, uuid: bytes) -> bytes:
    """The xattr's value for the file open at ``fd``."""
    try:
        kind, handle = file_handle(fd)
    except OSError:
        return UNKNOWN
    size = _HEADER.size + len(handle)
    if size > 255 or not 0 <= kind <= 255:
        return UNKNOWN
    return _HEADER.pack(_VERSION, _MAGIC, size, _FLAGS, kind, uuid) + handle
