"""What a COPY or ADD takes: its sources found, hashed for the cache, and put into the stage."""

from __future__ import annotations

import hashlib
import os
import posixpath
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from layerscope.archive.entry import Entry, Kind
from layerscope.build.ignore import match_regex
from layerscope.build.lines import Heredoc
from layerscope.build.metadata import BadArgument, Words, working_dir
from layerscope.build.tree import CopyFailed, Source, Tree
from layerscope.oci.runtime_config import RuntimeConfig

if TYPE_CHECKING:
    from layerscope.build.copying import Looks
    from layerscope.cow.engine import Engine

_REMOTE = re.compile(r"(https?|ftp|git|ssh)://|git@|.*\.git(#.*)?$")
_WILD = re.compile(r"[*?\[]")


class Taken(NamedTuple):
    """What is copied: for each source its items, the first of which is itself.

    ``digest`` is Docker's kind of name for all of it (``file:…``), ``files`` a hash by name.
    """

    sources: tuple[tuple[Source, ...], ...]
    digest: str
    files: dict[str, str]


def take(tree: Tree, words: Words, heredocs: Sequence[Heredoc]) -> Taken:
    """Find and hash the sources. Raises CopyFailed, LayerscopeError, OSError."""
    found: list[tuple[Source, ...]] = []
    inline = {one.name: one for one in heredocs}
    for text in words.args[:-1]:
        name = text.lstrip("<-") if text.startswith("<<") else ""
        if name in inline:
            found.append((_inline(inline[name]),))
        else:
            found += _find(tree, words.name, text)
    if not found:
        raise CopyFailed(words.name, "no file matches its sources")
    if len(found) > 1 and not _is_folder_name(words.args[-1]):
        why = "with more than one source the destination must be a folder and end with /"
        raise CopyFailed(words.name, why)
    return _hashed(found)


def _is_folder_name(dest: str) -> bool:
    return dest.endswith("/") or dest == "."


def _inline(heredoc: Heredoc) -> Source:
    data = heredoc.content.encode("utf-8", "surrogateescape")
    name = os.fsencode(heredoc.name)
    return Source(name, Entry(b"", Kind.FILE, 0o644, size=len(data)), lambda: iter((data,)))


def _find(tree: Tree, name: str, text: str) -> Iterator[tuple[Source, ...]]:
    if name == "ADD" and _REMOTE.match(text):
        why = f"{text[:200]!r} is not fetched: a build here has no network"
        raise CopyFailed("ADD", why, "fetch it first, and COPY it")
    clean = posixpath.normpath("/" + text.lstrip("/")).lstrip("/")
    if posixpath.normpath(text.lstrip("/") or ".").startswith(".."):
        raise CopyFailed(f"{name} {text}", "it lies outside the build context")
    if _WILD.search(text):
        try:
            pattern = match_regex(clean)
        except (ValueError, re.error):
            raise CopyFailed(f"{name} {text}", "it is no pattern") from None
        for path in list(tree.paths()):
            if pattern.fullmatch(os.fsdecode(path)):
                yield _named(tuple(tree.below(path)), path)
        return
    try:
        items = tuple(tree.below(os.fsencode(clean)))
    except FileNotFoundError:
        why = "there is no such file, or .dockerignore leaves it out"
        raise CopyFailed(f"{name} {text}", why) from None
    yield _named(items, os.fsencode(clean))


def _named(items: tuple[Source, ...], name: bytes) -> tuple[Source, ...]:
    """A symlink that was followed keeps the name by which it was asked for."""
    return (items[0]._replace(place=name), *items[1:])


def _hashed(found: Sequence[Sequence[Source]]) -> Taken:
    files: dict[str, str] = {}
    digests = []
    for items in found:
        whole = hashlib.sha256()
        for item in items:
            one = _hash(item)
            whole.update(item.entry.path + b"\0" + one.encode() + b"\0")
            files[os.fsdecode(item.place) or "."] = one[:24]
        if items[0].entry.kind is not Kind.DIR:
            whole.update(items[0].place.rpartition(b"/")[2])
        digests.append(whole.hexdigest())
    kind = "dir" if found[0][0].entry.kind is Kind.DIR else "file"
    if len(found) == 1:
        return Taken(tuple(map(tuple, found)), f"{kind}:{digests[0]}", files)
    together = hashlib.sha256("".join(digests).encode()).hexdigest()
    return Taken(tuple(map(tuple, found)), f"multi:{together}", files)


def _hash(item: Source) -> str:
    """Of a file's content and looks, not of its time, nor of its other names."""
    entry = item.entry
    looks = (entry.kind, entry.mode, entry.uid, entry.gid, entry.link, entry.device)
    found = hashlib.sha256(repr((*looks, *sorted(entry.xattrs.items()))).encode() + b"\0")
    if entry.kind is Kind.FILE:
        for chunk in item.open():
            found.update(chunk)
    return found.hexdigest()


def looks_of(engine: Engine, words: Words) -> Looks:
    """Owner and mode that the flags name; what comes from a stage or an image keeps its own owner
    otherwise. Raises CopyFailed, BadArgument."""
    from layerscope.build.copying import Looks
    from layerscope.build.owners import find_owner

    owner = None if "from" in words.flags else (0, 0)
    if "chown" in words.flags:
        owner = find_owner(engine, words.flags["chown"])
    mode = words.flags.get("chmod")
    if mode is not None and not re.fullmatch("[0-7]{3,4}", mode):
        raise BadArgument(f"--chmod={mode[:40]} is no octal mode such as 0644")
    return Looks(owner, int(mode, 8) if mode is not None else None)


def destination(config: RuntimeConfig, dest: str) -> bytes:
    """Where it goes, absolute; a slash at its end stays."""
    path = working_dir(config, dest)
    slash = "/" if _is_folder_name(dest) and path != "/" else ""
    return os.fsencode(path + slash)


def put_all(engine: Engine, taken: Taken, words: Words, config: RuntimeConfig) -> None:
    """Copy everything. Raises CopyFailed, LayerscopeError, OSError."""
    from layerscope.build.copying import place

    looks, dest = looks_of(engine, words), destination(config, words.args[-1])
    for items in taken.sources:
        top = items[0]
        if words.name != "ADD" or not _unpacked(engine, top, dest):
            place(engine, items, dest, looks)


def _unpacked(engine: Engine, item: Source, dest: bytes) -> bool:
    """Whether it is an archive, which is then in its place."""
    from layerscope.build.copying import resolve
    from layerscope.build.extract import extract, is_archive

    if item.entry.kind is not Kind.FILE or not is_archive(item.open()):
        return False
    extract(engine, item.open(), resolve(engine, dest))
    return True
