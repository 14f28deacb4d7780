"""The File screen, as text."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support.explorer import Explorer, explore
from tests.support.goldens import golden
from tests.support.images import docker_members, image, write_tar
from tests.support.layers import file, hardlink, symlink, tar

_FIVE = str(Path(__file__).parents[2] / "sample_images" / "five-layers.docker.tar")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store whose cache has the layers after the first test."""
    return tmp_path_factory.mktemp("file") / "store"


async def go_to(explorer: Explorer, path: str, *, everything: bool = True) -> None:
    """Open a path of the top layer."""
    await explorer.press("G", *["left_square_bracket"], "right_square_bracket", "tab")
    if everything:
        await explorer.press("a")
    await explorer.press("colon", "ctrl+u", *path, "enter", "enter")


def made(tmp_path: Path, *layers: bytes) -> str:
    """An image of the layers."""
    return str(write_tar(tmp_path / "image.tar", docker_members(image("a:1", layers=layers))))


async def test_a_text_with_its_layers_and_facts(root: Path) -> None:
    async with explore(root, _FIVE) as explorer:
        await go_to(explorer, "app/main.py")
        assert explorer.lines == golden("file-120x24", explorer.lines)


async def test_bytes_in_hex_and_back(root: Path) -> None:
    async with explore(root, _FIVE) as explorer:
        await go_to(explorer, "app/static/logo.png", everything=False)
        assert "89 50 4e 47" in explorer.text
        assert "PNG image" in explorer.text
        await explorer.press("x")
        assert "89 50 4e 47" not in explorer.text
        await explorer.press("x")
        assert "89 50 4e 47" in explorer.text


async def test_the_file_as_each_layer_left_it(root: Path) -> None:
    async with explore(root, _FIVE) as explorer:
        await go_to(explorer, "etc/example/example.conf")
        assert "as layer 2 has it" in explorer.lines[0]
        newer = explorer.text
        await explorer.press("right_square_bracket")
        assert "no layer above touched it" in explorer.notices
        await explorer.press("left_square_bracket")
        assert "as layer 1 has it" in explorer.lines[0]
        assert explorer.lines[1:3] != newer.splitlines()[1:3]
        await explorer.press("right_square_bracket")
        assert explorer.text == newer


async def test_a_removed_file_is_shown_as_it_was(root: Path) -> None:
    async with explore(root, _FIVE) as explorer:
        await go_to(explorer, "app/static/style.css", everything=False)
        assert "removed" in explorer.text
        assert "as layer 2 has it" in explorer.lines[0]


async def test_one_side_at_a_time_in_a_narrow_terminal(root: Path) -> None:
    async with explore(root, _FIVE, columns=80) as explorer:
        await go_to(explorer, "app/main.py")
        assert "import" in explorer.text
        assert "xxh3" not in explorer.text
        await explorer.press("tab")
        assert "xxh3" in explorer.text
        assert "import" not in explorer.text


async def test_a_long_text_is_read_as_it_comes_into_view(tmp_path: Path) -> None:
    text = b"".join(b"line %d\n" % n for n in range(100_000)) + b"the end"
    async with explore(tmp_path / "s", made(tmp_path, tar([file("f", text)]))) as explorer:
        await go_to(explorer, "f", everything=False)
        assert "line 0" in explorer.text
        await explorer.press("pagedown", "pagedown")
        assert "line 50" in explorer.text
        await explorer.press("G")
        assert "100001 the end" in explorer.text
        await explorer.press("g")
        assert "line 0" in explorer.text


async def test_long_lines_are_read_sideways(tmp_path: Path) -> None:
    text = b"start" + b"-" * 90 + b"more\n"
    async with explore(tmp_path / "s", made(tmp_path, tar([file("f", text)]))) as explorer:
        await go_to(explorer, "f", everything=False)
        assert "more" not in explorer.text
        await explorer.press("right", "right", "right")
        assert "more" in explorer.text
        assert "start" not in explorer.text


async def test_what_a_file_says_never_reaches_the_terminal_raw(tmp_path: Path) -> None:
    text = b"\x1b]0;title\x07 \xc2\x9b31m \xe2\x80\xae after\ttab\r\n"
    async with explore(tmp_path / "s", made(tmp_path, tar([file("f\x1b[2J", text)]))) as explorer:
        await explorer.press("tab", "enter")
        assert "\\x1b]0;title\\x07" in explorer.text
        assert all(line.isprintable() for line in explorer.lines)


async def test_what_has_no_content_says_so(tmp_path: Path) -> None:
    layer = tar([file("empty"), symlink("link", "empty"), file("f", b"text"), hardlink("h", "f")])
    async with explore(tmp_path / "s", made(tmp_path, layer)) as explorer:
        await go_to(explorer, "empty", everything=False)
        assert "The file is empty." in explorer.text
        await explorer.press("escape", "colon", "ctrl+u", *"link", "enter", "enter")
        assert "A symbolic link to empty" in explorer.text
        await explorer.press("escape", "colon", "ctrl+u", *"h", "enter", "enter")
        assert "text" in explorer.lines[1]


async def test_a_file_is_saved_and_nothing_overwritten(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with explore(root, _FIVE) as explorer:
        await go_to(explorer, "app/main.py")
        await explorer.press("S", "enter")
        assert (tmp_path / "main.py").read_bytes().startswith(b"import")
        await explorer.press("S", "enter")
        assert "it is there already" in explorer.text
        await explorer.press("ctrl+u", *"nowhere/x", "enter")
        assert "there is no such folder" in explorer.text
        await explorer.press("escape", "escape", "S", "escape")
        assert os.listdir(tmp_path) == ["main.py"]


async def test_content_that_changed_since_is_an_error_that_stands(tmp_path: Path) -> None:
    target = made(tmp_path, tar([file("f", b"text")]))
    async with explore(tmp_path / "s", target) as explorer:
        await explorer.press("tab")
        Path(target).write_bytes(b"gone")
        await explorer.press("enter")
        assert "test_content" in explorer.lines[2]  # a part of the path that always fits
        await explorer.press("escape")
        assert "What layer 0 changed" in explorer.text
