"""A layer's tar made again from its files and its tar-split."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import os
import tarfile
from pathlib import Path

import pytest

from layerscope.archive.blob import BrokenBlob
from layerscope.sources.tar_split import SplitTar, UnreadableLayer
from tests.support.ordinary_user import as_ordinary_user, their_directory
from tests.support.tar_split import split_tar

CONTENT = {"a": b"x" * 5, "d/b": os.urandom(3_000_000), "d/empty": b"", "link/c": b"behind"}


def layer(folder: Path) -> tuple[bytes, Path, Path]:
    """A tar, its tar-split, its files unpacked; ``link`` leads to ``d``."""
    files = folder / "files"
    (files / "d").mkdir(parents=True)
    (files / "link").symlink_to("/d")
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        for name, data in CONTENT.items():
            (files / name.replace("link", "d")).write_bytes(data)
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    (folder / "tar-split.json.gz").write_bytes(gzip.compress(split_tar(made.getvalue())))
    return made.getvalue(), folder / "tar-split.json.gz", files


def test_the_same_bytes_come_back(tmp_path: Path) -> None:
    tar, split, files = layer(tmp_path)
    with SplitTar(split, files) as made:
        digest = hashlib.sha256()
        while data := made.read(100_000):
            digest.update(data)
    assert digest.digest() == hashlib.sha256(tar).digest()


@pytest.mark.parametrize("offset", [0, 1, 511, 512, 700, 2_000_000, 3_001_000, 3_005_000])
def test_it_is_read_from_anywhere(tmp_path: Path, offset: int) -> None:
    tar, split, files = layer(tmp_path)
    with SplitTar(split, files) as made:
        for _ in range(2):  # the second time it goes back
            assert made.seek(offset) == offset
            found = b""
            while len(found) < 2000 and (data := made.read(2000 - len(found))):
                found += data
            assert found == tar[offset : offset + 2000]
        assert made.seek(10**9) == len(tar)
        assert made.read(1) == b""


def test_what_is_passed_over_is_not_opened(tmp_path: Path) -> None:
    tar, split, files = layer(tmp_path)
    (files / "a").unlink()
    with SplitTar(split, files) as made:
        made.seek(1024)
        assert made.read(512) == tar[1024:1536]


@pytest.mark.parametrize("name", ["../secret", "/../../secret", "out/secret", "d/../out/../secret"])
def test_nothing_outside_is_read(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    files = tmp_path / "files"
    files.mkdir()
    (files / "out").symlink_to(tmp_path)
    line = {"type": 1, "name": name, "size": 6, "position": 0}
    split = tmp_path / "split"
    split.write_bytes(json.dumps(line).encode() + b"\n")
    with SplitTar(split, files) as made, pytest.raises(BrokenBlob, match="not what its layer had"):
        made.read(6)


def test_a_link_in_place_of_a_file_is_not_followed(tmp_path: Path) -> None:
    _, split, files = layer(tmp_path)
    (files / "a").unlink()
    (files / "a").symlink_to("/etc/passwd")
    with SplitTar(split, files) as made:
        made.seek(512)
        with pytest.raises((BrokenBlob, OSError)):
            made.read(5)


def test_a_file_cut_short_is_told(tmp_path: Path) -> None:
    _, split, files = layer(tmp_path)
    (files / "a").write_bytes(b"x")
    with SplitTar(split, files) as made:
        made.seek(512)
        with pytest.raises(BrokenBlob, match="'a' in it"):
            made.read(5)


def test_a_file_that_may_not_be_read_is_told() -> None:
    with their_directory() as folder:
        _, split, files = layer(folder)
        (files / "a").chmod(0)

        def read() -> None:
            with SplitTar(split, files) as made:
                made.seek(512)
                with pytest.raises(UnreadableLayer, match="may not read 'a' in it") as caught:
                    made.read(5)
            assert "podman unshare" in (caught.value.hint or "")

        assert as_ordinary_user(read) == ""


@pytest.mark.parametrize(
    "text",
    [
        b"no json\n",
        b'{"type":1}\n',
        b'{"type":9,"payload":"AAAA"}\n',
        b'{"type":1,"name":"a","size":-5}\n',
        b'{"type":1,"name":"a","size":true}\n',
        b'{"type":2,"payload":"AAA"}\n',
        b'{"type":2,"payload":5}\n',
        b"[]\n",
        b"[" * 100_000,
    ],
)
def test_what_is_no_tar_split_is_told(tmp_path: Path, text: bytes) -> None:
    split = tmp_path / "split"
    split.write_bytes(text)
    with SplitTar(split, tmp_path) as made, pytest.raises(BrokenBlob, match="no tar-split"):
        made.read(10)


def test_names_that_are_not_utf_8(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"caf\xe9")).write_bytes(b"12345")
    raw = base64.b64encode(b"./caf\xe9").decode()
    split = tmp_path / "split"
    split.write_text(json.dumps({"type": 1, "name_raw": raw, "size": 5, "position": 0}) + "\n")
    with SplitTar(split, tmp_path) as made:
        assert made.read(100) == b"12345"
