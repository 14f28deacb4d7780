"""The tar scanner: a layer's bytes in, columns of its entries out.

It reads buffers as they are inflated, parses the headers in each with numpy, follows the chain from
header to header, and takes the xxh3 of each file's content on the way. Nothing is seeked or kept.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field

import numpy as np
import xxhash

from layerscope.archive import extended
from layerscope.archive.entry import Kind
from layerscope.archive.extended import Extents, Overrides
from layerscope.archive.header import Headers, looks_like_header, parse_headers
from layerscope.archive.tar_format import BLOCK, InvalidTar

_KINDS = np.zeros(256, np.uint8)
for _type, _kind in zip(b"123456", (Kind.HARDLINK, Kind.SYMLINK, Kind.CHAR, Kind.BLOCK, Kind.DIR,
                                    Kind.FIFO), strict=True):  # fmt: skip
    _KINDS[_type] = _kind

_PAX, _LONG_NAME, _LONG_LINK, _SPARSE = b"xLKS"
# Headers about other entries. Global pax headers (g) are read over, as Docker and umoci do.
_META = frozenset(b"xXgLKV")
_SPECIAL = _META | {_SPARSE}
_LINKED = frozenset((Kind.HARDLINK, Kind.SYMLINK))
_DEVICE = frozenset((Kind.CHAR, Kind.BLOCK))
_ZEROS = bytes(BLOCK)
_EMPTY = xxhash.xxh3_64_intdigest(b"")


@dataclass(frozen=True, slots=True)
class ScanLimits:
    """Bounds that keep a hostile layer from taking the machine's memory."""

    entries: int = 5_000_000
    name_bytes: int = 1 << 30


@dataclass(slots=True)
class ScannedEntries:
    """Entries in the order of the tar; names as written. Sizes in bytes, times in seconds and ns.

    ``size`` is the logical size, ``offset`` where the content starts in the uncompressed stream,
    ``xxh3`` the XXH3-64 of the stored content. The dicts hold what few entries have.
    """

    names: list[bytes] = field(default_factory=list)
    kind: array[int] = field(default_factory=lambda: array("B"))
    mode: array[int] = field(default_factory=lambda: array("H"))
    uid: array[int] = field(default_factory=lambda: array("I"))
    gid: array[int] = field(default_factory=lambda: array("I"))
    size: array[int] = field(default_factory=lambda: array("q"))
    mtime: array[int] = field(default_factory=lambda: array("q"))
    mtime_ns: array[int] = field(default_factory=lambda: array("I"))
    offset: array[int] = field(default_factory=lambda: array("Q"))
    xxh3: array[int] = field(default_factory=lambda: array("Q"))
    links: dict[int, bytes] = field(default_factory=dict)
    xattrs: dict[int, dict[bytes, bytes]] = field(default_factory=dict)
    devices: dict[int, tuple[int, int]] = field(default_factory=dict)
    sparse: dict[int, Extents] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.names)


@dataclass(frozen=True, slots=True)
class _Patch:
    """What extended headers change of one entry; ``size`` is logical bytes, None: as the header."""

    said: Overrides
    size: int | None
    extents: Extents | None


@dataclass(slots=True)
class _Run:
    """The entries found in one buffer: header numbers, where their content starts, its bytes."""

    headers: list[int] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    contents: list[int] = field(default_factory=list)
    patches: dict[int, _Patch] = field(default_factory=dict)


class TarScanner:
    """Feed it a tar stream in buffers (multiples of 512 bytes but for the last), then finish.

    Raises InvalidTar, naming the byte, where the stream is no tar or ends early.
    """

    def __init__(self, limits: ScanLimits | None = None) -> None:
        self._entries = ScannedEntries()
        self._limits = limits or ScanLimits()
        self._said: Overrides | None = None
        self._carry = b""
        self._base = 0  # where the buffer in hand starts in the stream
        self._content = 0  # bytes of an entry's content that are still to come
        self._padding = 0
        self._hash = xxhash.xxh3_64()
        self._every_block = False
        self._ended = False
        self._name_bytes = 0

    def feed(self, data: memoryview) -> None:
        """Take the next bytes of the stream; they are not kept."""
        if self._ended:
            return
        if self._carry:
            data = memoryview(b"".join((self._carry, data)))
            self._carry = b""
        position = self._pass_content(data)
        while position < len(data) and not self._ended:
            done, starved = self._scan(data, position)
            position += done
            if starved:
                self._carry = bytes(data[position:])
                break
        self._base += len(data) - len(self._carry)

    @property
    def entries(self) -> ScannedEntries:
        """The entries found so far; more are added as the stream goes on."""
        return self._entries

    def finish(self) -> ScannedEntries:
        """The entries, once the stream has ended. Raises InvalidTar if it ended too early."""
        if self._content or self._carry or self._said:
            at = self._base + len(self._carry)
            raise InvalidTar("layer", f"it ends in the middle of an entry, at byte {at}")
        return self._entries

    def _pass_content(self, data: memoryview) -> int:
        taken = min(self._content, len(data))
        if taken:
            self._hash.update(data[:taken])
            self._content -= taken
            if not self._content:
                self._entries.xxh3[-1] = self._hash.intdigest()
        padding = min(self._padding, len(data) - taken)
        self._padding -= padding
        return taken + padding

    def _scan(self, data: memoryview, position: int) -> tuple[int, bool]:
        """Read entries from a header on; bytes done with, and whether it waits for more."""
        data = data[position:]
        count = len(data) // BLOCK
        if not count:
            return 0, True
        blocks = np.frombuffer(data, np.uint8, count * BLOCK).reshape(count, BLOCK)
        which = np.arange(count) if self._every_block else looks_like_header(blocks)
        headers = parse_headers(blocks[which])
        number = np.full(count, -1, np.int64)
        number[which] = np.arange(len(which))
        run = _Run()
        end, starved = self._walk(data, headers, number.tolist(), run)
        if run.headers:
            self._take(data, self._base + position, headers, run)
        self._padding = max(0, end - len(data) - self._content)
        return min(end, len(data)), starved

    def _walk(
        self, data: memoryview, headers: Headers, number: list[int], run: _Run
    ) -> tuple[int, bool]:
        """Follow the chain of headers to the byte after the last entry (maybe past ``data``)."""
        block, count = 0, len(number)
        types, contents, valid = headers.type, headers.content, headers.valid
        while block < count:
            i = number[block]
            if i < 0 or not valid[i]:
                return self._odd_block(data, block), False
            if types[i] in _SPECIAL or self._said is not None:
                blocks = self._special(data, block, i, headers, run)
                if not blocks:
                    return block * BLOCK, True
                block += blocks
                continue
            run.headers.append(i)
            run.starts.append((block + 1) * BLOCK)
            run.contents.append(contents[i])
            block += 1 + (contents[i] + BLOCK - 1) // BLOCK
        return block * BLOCK, False

    def _odd_block(self, data: memoryview, block: int) -> int:
        """Where to go on from a block that isn't a ustar header: the end, or a v7 header."""
        at = block * BLOCK
        raw = data[at : at + BLOCK]
        if raw == _ZEROS:
            self._ended = True
            return len(data)
        single = np.frombuffer(raw, np.uint8).reshape(1, BLOCK)
        if self._every_block or not parse_headers(single).valid[0]:
            raise InvalidTar("layer", f"no tar header at byte {self._base + at}")
        self._every_block = True
        return at

    def _special(self, data: memoryview, block: int, i: int, headers: Headers, run: _Run) -> int:
        """An extended header, or an entry that one speaks of; its blocks, 0 to wait for more."""
        kind, size, start = headers.type[i], int(headers.size[i]), (block + 1) * BLOCK
        if kind in _META:
            if size > extended.MAX_EXTENDED:
                raise InvalidTar("layer", f"a tar header claims {size} bytes of records")
            if start + size > len(data):
                return 0
            self._learn(kind, bytes(data[start : start + size]))
            return 1 + (size + BLOCK - 1) // BLOCK
        said = self._said or Overrides()
        content = headers.content[i]
        if said.size is not None and content == size:
            content = said.size
        found = self._sparse(data[start:], headers, i, said, content)
        if found is None:
            return 0
        extents, logical, lead = found
        self._said = None
        run.patches[len(run.headers)] = _Patch(said, logical, extents)
        run.headers.append(i)
        run.starts.append(start + lead)
        run.contents.append(content if kind == _SPARSE else content - lead)
        whole = content + lead if kind == _SPARSE else content
        return 1 + (whole + BLOCK - 1) // BLOCK

    def _sparse(
        self, following: memoryview, headers: Headers, i: int, said: Overrides, content: int
    ) -> tuple[Extents | None, int | None, int] | None:
        """Extents, logical size and bytes before the content of an entry; None to wait."""
        if headers.type[i] == _SPARSE:
            old = extended.sparse_old_gnu(headers.raw[i].tobytes(), following)
            if old is None:
                return None
            extents, logical, lead = old
        elif said.is_sparse:
            wanted = said.sparse.get(b"realsize", said.sparse.get(b"size", b"0"))
            logical, lead = extended.whole(wanted) or 0, 0
            early = extended.sparse_from_pax(said)
            if early is None:
                mapped = extended.sparse_map_1_0(following[:content])
                if mapped is None and len(following) < content:
                    return None
                if mapped is None:
                    raise InvalidTar("layer", "the map of a sparse file is damaged")
                early, lead = mapped
            extents = early
        else:
            return None, said.size, 0
        stored = content if headers.type[i] == _SPARSE else content - lead
        end = sum(extents[-1]) if extents else 0
        if sum(length for _, length in extents) != stored or not end <= logical < 1 << 62:
            raise InvalidTar("layer", "the map of a sparse file does not fit its content")
        return extents, logical, lead

    def _learn(self, kind: int, content: bytes) -> None:
        said = self._said or Overrides()
        if kind in b"xX":
            extended.apply_pax(content, said)
        elif kind == _LONG_NAME:
            said.path = content.partition(b"\0")[0]
        elif kind == _LONG_LINK:
            said.link = content.partition(b"\0")[0]
        else:
            return
        self._said = said

    def _take(self, data: memoryview, base: int, headers: Headers, run: _Run) -> None:
        """Add the run's entries to the columns."""
        entries, first = self._entries, len(self._entries)
        chosen = np.array(run.headers)
        types = headers.raw[chosen, 156]
        kinds = _KINDS[types]
        entries.names += [
            n.partition(b"\0")[0] for n in map(headers.names.__getitem__, run.headers)
        ]
        entries.kind.frombytes(kinds.tobytes())
        entries.mode.frombytes(headers.mode[chosen].astype(np.uint16).tobytes())
        entries.uid.frombytes(headers.uid[chosen].astype(np.uint32).tobytes())
        entries.gid.frombytes(headers.gid[chosen].astype(np.uint32).tobytes())
        entries.mtime.frombytes(headers.mtime[chosen].tobytes())
        entries.mtime_ns.frombytes(bytes(4 * len(chosen)))
        entries.size.extend(run.contents)
        entries.offset.frombytes((np.array(run.starts, np.uint64) + np.uint64(base)).tobytes())
        self._take_hashes(data, run)
        for k in np.flatnonzero(kinds != Kind.FILE).tolist():
            if kinds[k] in _LINKED:
                entries.links[first + k] = headers.link(run.headers[k])
            elif kinds[k] in _DEVICE:
                entries.devices[first + k] = headers.device(run.headers[k])
        for k, patch in run.patches.items():
            self._patch(first + k, patch)
        for k in np.flatnonzero(types == 0).tolist():
            if entries.names[first + k].endswith(b"/"):
                entries.kind[first + k] = Kind.DIR
        self._check_limits(first)

    def _take_hashes(self, data: memoryview, run: _Run) -> None:
        digest = xxhash.xxh3_64_intdigest
        start, content = run.starts[-1], run.contents[-1]
        whole = [
            digest(data[s : s + c]) if c else _EMPTY
            for s, c in zip(run.starts[:-1], run.contents[:-1], strict=True)
        ]
        self._content = max(0, start + content - len(data))
        if self._content:
            self._hash = xxhash.xxh3_64(data[start:])
        whole.append(0 if self._content else digest(data[start : start + content]))
        self._entries.xxh3.extend(whole)

    def _patch(self, row: int, patch: _Patch) -> None:
        entries, said = self._entries, patch.said
        name = said.sparse.get(b"name", said.path)
        if name is not None:
            entries.names[row] = name
        if said.link is not None and entries.kind[row] in _LINKED:
            entries.links[row] = said.link
        if patch.size is not None and entries.kind[row] == Kind.FILE:
            entries.size[row] = patch.size
        if said.mtime is not None:
            entries.mtime[row], entries.mtime_ns[row] = said.mtime
        if said.uid is not None:
            entries.uid[row] = said.uid & 0xFFFFFFFF
        if said.gid is not None:
            entries.gid[row] = said.gid & 0xFFFFFFFF
        if said.xattrs:
            entries.xattrs[row] = said.xattrs
        if patch.extents is not None:
            entries.sparse[row] = patch.extents

    def _check_limits(self, first: int) -> None:
        names = self._entries.names
        self._name_bytes += sum(map(len, names[first:]))
        if len(names) > self._limits.entries:
            raise InvalidTar("layer", f"it has more than {self._limits.entries} entries")
        if self._name_bytes > self._limits.name_bytes:
            raise InvalidTar("layer", f"its names are over {self._limits.name_bytes} bytes")
