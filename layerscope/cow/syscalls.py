"""The system calls that the engine needs and Python's os module lacks."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import struct
from collections.abc import Callable
from functools import cache
from typing import Any

RENAME_EXCHANGE = 2
RENAME_WHITEOUT = 4

_AT_EMPTY_PATH = 0x1000
# ioctl(2) requests of <linux/fs.h>: a file system's UUID, as the kernel itself knows it.
_GET_FS_UUID = 0x80111500
_HANDLE_BYTES = 128


@cache
def _function(name: str, *argument_types: Any) -> Callable[..., int]:
    library = ctypes.CDLL(None, use_errno=True)
    try:
        function = getattr(library, name)
    except AttributeError:
        raise OSError(errno.ENOSYS, f"the C library has no {name}") from None
    function.argtypes = argument_types
    function.restype = ctypes.c_int

    def call(*arguments: object) -> int:
        result: int = function(*arguments)
        if result < 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
        return result

    return call


def renameat2(old_dir: int, old: bytes, new_dir: int, new: bytes, flags: int) -> None:
    """renameat2(2). Raises OSError as the kernel does; ENOSYS where the C library lacks it."""
    call = _function(
        "renameat2", ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint
    )
    call(old_dir, old, new_dir, new, flags)


def fallocate(fd: int, mode: int, offset: int, size: int) -> None:
    """fallocate(2) with its mode flags. Raises OSError as the kernel does."""
    call = _function("fallocate", ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64)
    call(fd, mode, offset, size)


class _FileHandle(ctypes.Structure):
    _fields_ = (
        ("size", ctypes.c_uint),
        ("type", ctypes.c_int),
        ("bytes", ctypes.c_ubyte * _HANDLE_BYTES),
    )


# Where the kernel puts a mount's number, which nobody asks for.
_MOUNT = ctypes.c_int()


@cache
def _name_to_handle() -> Callable[..., int]:
    integer, pointer = ctypes.c_int, ctypes.c_void_p
    return _function("name_to_handle_at", integer, ctypes.c_char_p, pointer, pointer, integer)


def file_handle(fd: int) -> tuple[int, bytes]:
    """name_to_handle_at(2) of an open file: the handle's type and its bytes."""
    handle = _FileHandle(_HANDLE_BYTES)
    _name_to_handle()(fd, b"", ctypes.byref(handle), ctypes.byref(_MOUNT), _AT_EMPTY_PATH)
    return handle.type, bytes(memoryview(handle.bytes)[: handle.size])


def file_system_uuid(fd: int) -> bytes:
    """The 16 bytes that identify the file system of ``fd``; zeros if it has no identity."""
    answer = bytearray(17)
    try:
        fcntl.ioctl(fd, _GET_FS_UUID, answer)
    except OSError:
        return bytes(16)
    size, uuid = struct.unpack("B16s", answer)
    return bytes(uuid) if size == 16 else bytes(16)
