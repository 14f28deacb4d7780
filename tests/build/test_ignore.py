"""Docker's ignore patterns, and the context that they leave."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from layerscope.archive.entry import Kind
from layerscope.build.context import Context, ignore_of
from layerscope.build.ignore import BadPattern, Ignore


@pytest.mark.parametrize(
    ("patterns", "path", "out"),
    [
        ("a", "a", True),
        ("a", "a/b/c", True),
        ("a", "x/a", False),
        ("/a", "a", True),
        ("a/", "a/b", True),
        ("./a", "a", True),
        ("*", "a/b", True),
        ("*.md", "a.md", True),
        ("*.md", "x/a.md", False),
        ("**/*.md", "a.md", True),
        ("**/*.md", "x/y/a.md", True),
        ("*/a", "x/a", True),
        ("*/a", "x/y/a", False),
        ("a?c", "abc", True),
        ("a?c", "a/c", False),
        ("x/**", "x/y/z", True),
        ("x/**/z", "x/z", True),
        ("[a-c]", "b", True),
        ("[^a-c]", "b", False),
        (r"\*", "*", True),
        (r"\*", "a", False),
        ("*.md\n!README.md", "README.md", False),
        ("!README.md\n*.md", "README.md", True),
        ("*\n!x/keep", "x/keep", False),
        ("*\n!x/keep", "x/other", True),
        ("# a\n\n  b  ", "b", True),
        ("a/../b", "b", True),
        ("x.y", "xzy", False),
        ("a+b", "a+b", True),
        ("**", "a/b", True),
    ],
)
def test_patterns(patterns: str, path: str, out: bool) -> None:
    assert Ignore(patterns).leaves_out(path.encode()) is out


@pytest.mark.parametrize("pattern", ["[a", "a\\", "!"])
def test_what_is_no_pattern(pattern: str) -> None:
    with pytest.raises(BadPattern) as caught:
        Ignore(f"ok\n{pattern}")
    assert caught.value.what == ".dockerignore:2"


def _context(folder: Path, ignore: str) -> Context:
    for name in ("a.txt", "src/b.py", "src/deep/c.py", "log/d.log", "keep/e", "keep/f"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    (folder / ".dockerignore").write_text(ignore)
    return Context(folder, ignore_of(folder, folder / "Dockerfile"))


def test_the_context_is_what_is_left(tmp_path: Path) -> None:
    context = _context(tmp_path, "log\n**/*.py\nkeep\n!keep/f\n.dockerignore")
    assert list(context.paths()) == [b"a.txt", b"keep", b"keep/f", b"src", b"src/deep"]


def test_the_dockerfiles_own_ignore_file_wins(tmp_path: Path) -> None:
    _context(tmp_path, "*")
    (tmp_path / "Dockerfile.dockerignore").write_text("src")
    found = list(Context(tmp_path, ignore_of(tmp_path, tmp_path / "Dockerfile")).paths())
    assert b"a.txt" in found
    assert b"src" not in found


def test_symlinks_never_lead_out(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("secret")
    folder = tmp_path / "context"
    context = _context(folder, "")
    for name, target in (("out", "../outside"), ("etc", "/etc"), ("in", "src"), ("me", "me")):
        (folder / name).symlink_to(target)
    for path in (b"out", b"etc", b"etc/passwd", b"me"):
        with pytest.raises(FileNotFoundError):
            list(context.below(path))
    assert [item.entry.path for item in context.below(b"in/deep/..")][:2] == [b"", b"b.py"]
    kinds = {item.entry.path: item.entry.kind for item in context.below(b"")}
    assert kinds[b"out"] is Kind.SYMLINK


def test_names_that_are_no_text(tmp_path: Path) -> None:
    raw = b"\xff\xfe"
    (tmp_path / os.fsdecode(raw)).write_bytes(b"x")
    assert list(Context(tmp_path, Ignore("*.md")).paths()) == [raw]
