"""A layer's tar, written entry by entry with the standard library's tarfile."""

from __future__ import annotations

import io
import tarfile
from typing import Self

DAY = 86_400
START = 1_704_880_800  # 2024-01-10T10:00:00Z


class LayerTar:
    """Collects the entries of one layer; ``bytes(self)`` is its tar.

    Paths are text; bytes that are not UTF-8 stand in it as surrogates (PEP 383). ``day`` counts
    from the first layer and is every entry's mtime.
    """

    def __init__(self, day: int, tar_format: int = tarfile.PAX_FORMAT) -> None:
        self._out = io.BytesIO()
        self._mtime = START + day * DAY
        self._tar = tarfile.open(  # noqa: SIM115 - closed by __bytes__
            fileobj=self._out,
            mode="w",
            format=tar_format,
            encoding="utf-8",
            errors="surrogateescape",
        )

    def __bytes__(self) -> bytes:
        self._tar.close()
        return self._out.getvalue()

    def file(
        self,
        path: str,
        content: bytes = b"",
        mode: int = 0o644,
        owner: int = 0,
        xattrs: dict[str, str] | None = None,
    ) -> Self:
        """A regular file; ``owner`` is its uid and gid."""
        info = self._info(path, tarfile.REGTYPE, mode, owner)
        info.size = len(content)
        info.pax_headers = {f"SCHILY.xattr.{name}": value for name, value in (xattrs or {}).items()}
        self._tar.addfile(info, io.BytesIO(content))
        return self

    def folders(self, *paths: str, mode: int = 0o755, owner: int = 0) -> Self:
        """Directories."""
        for path in paths:
            self._tar.addfile(self._info(path, tarfile.DIRTYPE, mode, owner))
        return self

    def symlink(self, path: str, target: str) -> Self:
        """A symbolic link to ``target`` as written."""
        return self._link(path, tarfile.SYMTYPE, target)

    def hardlink(self, path: str, target: str) -> Self:
        """Another name of ``target``, which stands earlier in this layer."""
        return self._link(path, tarfile.LNKTYPE, target)

    def fifo(self, path: str) -> Self:
        """A named pipe."""
        self._tar.addfile(self._info(path, tarfile.FIFOTYPE, 0o600, 0))
        return self

    def device(self, path: str, kind: bytes, major: int, minor: int) -> Self:
        """A character (tarfile.CHRTYPE) or block (tarfile.BLKTYPE) device."""
        info = self._info(path, kind, 0o666, 0)
        info.devmajor, info.devminor = major, minor
        self._tar.addfile(info)
        return self

    def removed(self, *paths: str) -> Self:
        """Whiteouts: the lower layers' files at ``paths`` are gone."""
        for path in paths:
            parent, _, name = path.rpartition("/")
            self.file(f"{parent}/.wh.{name}" if parent else f".wh.{name}")
        return self

    def opaque(self, path: str) -> Self:
        """Everything that lower layers have below ``path`` is gone."""
        return self.file(f"{path}/.wh..wh..opq")

    def _link(self, path: str, kind: bytes, target: str) -> Self:
        info = self._info(path, kind, 0o777, 0)
        info.linkname = target
        self._tar.addfile(info)
        return self

    def _info(self, path: str, kind: bytes, mode: int, owner: int) -> tarfile.TarInfo:
        info = tarfile.TarInfo(path)
        info.type, info.mode, info.mtime = kind, mode, self._mtime
        info.uid = info.gid = owner
        return info
