"""What an ordinary user applies for himself is his own, and nothing else fails over it."""

from __future__ import annotations

import io
import os
import stat

from layerscope.archive.apply import apply_layer
from layerscope.archive.entry import Entry, Kind
from layerscope.archive.overlay import Form, Namespace, Owners, Whiteouts
from layerscope.archive.unpack import unpack_layer
from layerscope.archive.writer import TarWriter
from tests.support.golden import apply_cases
from tests.support.ordinary_user import as_ordinary_user, their_directory
from tests.support.tree_below import TreeBelow

ENTRIES = [
    (Entry(b"d", Kind.DIR, 0o555, 1, 2, mtime=9), b""),
    (Entry(b"d/f", Kind.FILE, 0o6755, 3, 4, size=4, mtime=9), b"data"),
    (Entry(b"d/none", Kind.FILE, 0, 3, 4, size=4, mtime=9), b"data"),
    (Entry(b"d/l", Kind.SYMLINK, 0o777, 5, 6, link=b"f", mtime=9), b""),
    (Entry(b"d/h", Kind.HARDLINK, link=b"d/f"), b""),
    (Entry(b"p", Kind.FIFO, 0o644, 5, 6, mtime=9), b""),
    (Entry(b"x", Kind.FILE, 0o644, xattrs={b"trusted.k": b"v", b"user.k": b"v"}), b""),
]


def test_owners_are_his_and_set_id_bits_fall() -> None:
    out = io.BytesIO()
    writer = TarWriter(out)
    for entry, content in ENTRIES:
        writer.add(entry, [content])
    writer.close()

    with their_directory() as directory:

        def work() -> None:
            apply_layer(io.BytesIO(out.getvalue()), directory)
            for entry, _ in ENTRIES:
                found = (directory / os.fsdecode(entry.path)).lstat()
                assert found.st_uid == os.geteuid()
                assert entry.kind is Kind.HARDLINK or found.st_mtime == entry.mtime
            assert stat.S_IMODE((directory / "d/f").stat().st_mode) == 0o755
            assert stat.S_IMODE((directory / "d").stat().st_mode) == 0o555
            os.chmod(directory / "d", 0o755)

        assert as_ordinary_user(work) == ""


def test_every_golden_layer_can_be_unpacked() -> None:
    form = Form(Namespace.USER, Whiteouts.DEVICE, Owners.OVERRIDE)
    cases = [case for case in apply_cases() if case.tree is not None]

    with their_directory() as directory:

        def work() -> None:
            for case in cases:
                plain = directory / case.name
                plain.mkdir()
                for number, layer in enumerate(case.layers):
                    into = directory / f"{case.name}-{number}"
                    into.mkdir()
                    unpack_layer(io.BytesIO(layer), into, form, TreeBelow(plain))
                    if case.name != "fifo-char":
                        apply_layer(io.BytesIO(layer), plain)

        assert as_ordinary_user(work) == ""
