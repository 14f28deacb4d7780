"""The Layers screen, as text."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from layerscope.errors import LayerscopeError
from layerscope.tui.screens.layers import LayersScreen
from tests.support.explorer import Explorer, explore
from tests.support.goldens import golden
from tests.support.images import docker_members, image, write_tar
from tests.support.layers import file, folder, symlink, tar

_SAMPLES = Path(__file__).parents[2] / "sample_images"
_FIVE = str(_SAMPLES / "five-layers.docker.tar")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store whose cache has the sample's layers after the first test."""
    return tmp_path_factory.mktemp("layers") / "store"


@pytest.fixture(autouse=True)
def _frozen_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("layerscope.tui.models.about_layer.ago_text", lambda time: "2 years ago")


def tree_lines(explorer: Explorer) -> list[str]:
    """The lines of the tree, from the names on."""
    screen = explorer.app.screen
    assert isinstance(screen, LayersScreen)
    rows = screen.files.file_tree
    strips = [rows.render_line(y).text for y in range(min(rows.size.height, len(rows.model)))]
    return [strip[strip.index("0:0") :].rstrip() if "0:0" in strip else strip for strip in strips]


def names(explorer: Explorer) -> list[str]:
    """The names in the tree."""
    lines = (line.partition(" → ")[0] for line in tree_lines(explorer))
    return [line.split("▾ ")[-1].split("▸ ")[-1].split()[-1] for line in lines]


def notices(explorer: Explorer) -> str:
    """What was said in notices."""
    return "\n".join(notice.message for notice in explorer.app._notifications)


@pytest.mark.parametrize(("columns", "rows"), [(160, 40), (80, 24)])
async def test_layers_stand_beside_the_files_of_one(root: Path, columns: int, rows: int) -> None:
    async with explore(root, _FIVE, columns=columns, rows=rows) as explorer:
        await explorer.press("j", "j")
        name = f"layers-{columns}x{rows}"
        assert explorer.lines == golden(name, explorer.lines)
        await explorer.press("tab")
        assert explorer.lines == golden(f"files-{columns}x{rows}", explorer.lines)


async def test_what_a_layer_changed_or_everything_up_to_it(root: Path) -> None:
    async with explore(root, _FIVE, rows=60) as explorer:
        await explorer.press("right_square_bracket", "right_square_bracket")
        assert "What layer 2 changed" in explorer.text
        assert "shadow" not in explorer.text
        await explorer.press("a")
        assert "Everything, layers 0–2" in explorer.text
        assert "shadow" in explorer.text
        await explorer.press("left_square_bracket")
        assert "Everything, layers 0–1" in explorer.text


async def test_a_step_without_a_layer_says_so(root: Path) -> None:
    async with explore(root, _FIVE) as explorer:
        await explorer.press("j")
        assert "This step changed no files." in explorer.text
        assert 'CMD ["sh"]' in explorer.text


async def test_directories_fold(root: Path) -> None:
    async with explore(root, _FIVE, rows=40) as explorer:
        await explorer.press("right_square_bracket", "tab")
        assert names(explorer)[:3] == ["etc/", "example/", "example.conf"]
        await explorer.press("space")
        assert names(explorer)[:2] == ["etc/", "usr/"]
        await explorer.press("l", "l")
        assert "/etc/example " in explorer.text
        await explorer.press("h", "h", "h")
        assert names(explorer)[:2] == ["etc/", "usr/"]
        await explorer.press("minus")
        assert names(explorer) == ["etc/", "usr/", "var/"]
        await explorer.press("plus")
        assert "example.deb" in names(explorer)
        await explorer.press("2")
        assert "example/" in names(explorer)
        assert "example.conf" not in names(explorer)


async def test_folds_and_place_stay_from_layer_to_layer(root: Path) -> None:
    async with explore(root, _FIVE) as explorer:
        await explorer.press("right_square_bracket", "tab", "j", "j")
        assert "/etc/example/example.conf" in explorer.text
        await explorer.press("right_square_bracket")
        assert "/etc/example/example.conf" in explorer.text
        await explorer.press("right_square_bracket")
        assert "/etc/example/example.conf" not in explorer.text
        await explorer.press("left_square_bracket")
        assert "/etc/example/example.conf" in explorer.text


async def test_marks_are_hidden_and_shown(root: Path) -> None:
    async with explore(root, _FIVE, rows=60) as explorer:
        await explorer.press(*["right_square_bracket"] * 4, "tab")
        assert "example.deb" in names(explorer)
        await explorer.press("D")
        assert "example.deb" not in names(explorer)
        assert "without removed" in explorer.text
        await explorer.press("A", "M", "U")
        assert "All of it is hidden" in explorer.text
        await explorer.press("D", "A", "M", "U")
        assert "example.deb" in names(explorer)


async def test_the_filter_works_as_one_types(root: Path) -> None:
    async with explore(root, _FIVE) as explorer:
        await explorer.press("a", "slash", *"*.HTML")
        assert "No file is like that." in explorer.text
        await explorer.press("enter", "a")
        assert "No file that this layer changed is like that" in explorer.text
        await explorer.press("a", "escape", "right_square_bracket", "slash", *"*.html")
        assert "3 like *.html" in explorer.text
        assert names(explorer)[-3:] == ["about.html", "error.html", "index.html"]
        await explorer.press("enter", "n")
        assert "2 of 3 found" in explorer.text
        await explorer.press("n", "n")
        assert "1 of 3 found" in explorer.text
        await explorer.press("N")
        assert "3 of 3 found" in explorer.text
        await explorer.press("escape")
        assert "shadow" in explorer.text


async def test_sorting_and_the_biggest_files(root: Path) -> None:
    async with explore(root, _FIVE) as explorer:
        await explorer.press("right_square_bracket", "tab", "minus", "s")
        assert names(explorer) == ["var/", "usr/", "etc/"]
        assert "by size" in explorer.text
        await explorer.press("s")
        assert "by time" in explorer.text
        await explorer.press("b")
        assert names(explorer)[:2] == ["/var/lib/example/data.db", "/var/cache/example/example.deb"]
        await explorer.press("b", "s")
        assert names(explorer) == ["etc/", "usr/", "var/"]


async def test_a_path_is_gone_to_and_completed(root: Path) -> None:
    async with explore(root, _FIVE) as explorer:
        await explorer.press("right_square_bracket", "tab", "minus", "colon", *"var/lib/ex")
        await explorer.press("right", "enter")
        assert "/var/lib/example " in explorer.text
        await explorer.press("colon", *"nowhere", "enter")
        assert "there is no /" in notices(explorer)
        await explorer.press("colon", "ctrl+u", *"/etc/shadow", "enter")
        assert "Everything, layers 0–1" in explorer.text
        assert "/etc/shadow " in explorer.text


async def test_a_path_is_found_as_a_process_would_find_it(root: Path, tmp_path: Path) -> None:
    files = tar(
        [folder("usr"), folder("usr/bin"), file("usr/bin/env", b"e"), symlink("bin", "usr/bin")]
    )
    made = write_tar(tmp_path / "linked.tar", docker_members(image("a:1", layers=[files])))
    async with explore(root, str(made)) as explorer:
        for typed in ("/bin/env", "/usr/../usr/./bin/env", "/usr/bin//usr/bin/env"):
            await explorer.press("tab", "colon", "ctrl+u", *typed, "enter")
            assert "/usr/bin/env " in explorer.text, typed
            assert not notices(explorer)
            await explorer.press("tab")
        await explorer.press("tab", "colon", *"/usr/bin/e", "right", "enter")
        assert not notices(explorer)
        await explorer.press("colon", *"/usr/nothing", "enter")
        assert "there is no /usr/nothing up" in notices(explorer)


async def test_the_path_is_copied(root: Path) -> None:
    async with explore(root, _FIVE) as explorer:
        await explorer.press("right_square_bracket", "tab", "j", "y")
        assert explorer.app.clipboard == "/etc/example"


async def test_two_layers_are_compared(root: Path) -> None:
    async with explore(root, _FIVE) as explorer:
        await explorer.press("c")
        assert "mark a layer" in notices(explorer)
        await explorer.press("right_square_bracket", "m", *["right_square_bracket"] * 2, "c")
        assert explorer.lines == golden("compare-120x24", explorer.lines)
        await explorer.press("slash", *"*.db", "enter", "enter")
        assert "Everything, layers 0–3" in explorer.text
        assert "/var/lib/example/data.db" in explorer.text


async def test_waste_leads_to_its_file(root: Path) -> None:
    async with explore(root, _FIVE) as explorer:
        await explorer.press("w")
        assert explorer.lines == golden("waste-120x24", explorer.lines)
        await explorer.press("j", "enter")
        assert "What layer 4 changed" in explorer.text
        assert "/var/cache/example " in explorer.text


async def test_what_is_no_image_is_said_and_stands(root: Path, tmp_path: Path) -> None:
    (tmp_path / "not-an-image").write_bytes(b"nothing of that kind")
    async with explore(root, str(tmp_path / "not-an-image")) as explorer:
        assert "not-an-image" in explorer.lines[2]
        await explorer.press("tab", "slash", "w", "c", "r", "escape")
        assert "not-an-image" in explorer.lines[2]
        assert explorer.lines[-1].split() == ["?", "Help", "Ctrl+P", "Palette", "q", "Quit"]
        await explorer.press("slash", "q")
        assert explorer.app.return_value == 0


@pytest.mark.parametrize("form", ["docker", "oci"])
async def test_of_several_images_one_is_chosen(root: Path, form: str) -> None:
    async with explore(root, str(_SAMPLES / f"shared-base.{form}.tar")) as explorer:
        assert "it has several images" in explorer.lines[0]
        assert [line.strip() for line in explorer.lines[1:3]] == [
            "acme/my-base-image:1.0",
            "acme/my-final-image:1.0",
        ]
        await explorer.press("j", "enter")
        assert "acme/my-final-image:1.0 —" in explorer.lines[0]
        await explorer.press("escape")
        assert "it has several images" in explorer.lines[0]


async def test_what_could_not_be_opened_is_tried_again(root: Path, tmp_path: Path) -> None:
    late = tmp_path / "late.tar"
    async with explore(root, str(late)) as explorer:
        assert "no such file" in explorer.text
        await explorer.press("r")
        assert "no such file" in explorer.text
        write_tar(late, docker_members(image("late:1")))
        await explorer.press("r")
        assert "no such file" not in explorer.text
        assert "late:1 —" in explorer.lines[0]
        assert "w Waste" in explorer.lines[-1]


def damaged(path: Path, layer: int) -> str:
    """The sample with other bytes in one of its layers."""
    out = path / "damaged.tar"
    with tarfile.open(_FIVE) as good, tarfile.open(out, "w") as bad:
        layers = [m.name for m in good if m.name.endswith("layer.tar")]
        manifest = good.extractfile("manifest.json")
        assert manifest is not None
        text = manifest.read().decode()
        layers.sort(key=text.index)
        for member in good:
            stream = good.extractfile(member)
            data = stream.read() if stream else b""
            if member.name == layers[layer]:
                data = data[:-9000] + b"!" * 9000
            bad.addfile(member, io.BytesIO(data))
    return str(out)


async def test_a_damaged_layer_shows_its_error_and_the_rest_stands(tmp_path: Path) -> None:
    async with explore(tmp_path / "store", damaged(tmp_path, 2)) as explorer:
        assert "error" in explorer.lines[6]
        assert "1 of them can't be read" in explorer.lines[0]
        await explorer.press("right_square_bracket")
        assert "What layer 1 changed" in explorer.text
        await explorer.press("right_square_bracket")
        assert "Layer 2" in explorer.text
        await explorer.press("right_square_bracket")
        assert "Layer 3 alone: what is below it can't be read" in explorer.text
        assert "data.db" in explorer.text
        await explorer.press("w")
        assert "not all layers are read" in notices(explorer)


async def test_a_terminal_made_narrow_keeps_the_pane_with_the_focus(root: Path) -> None:
    async with explore(root, _FIVE) as explorer:
        await explorer.press("tab")
        await explorer.resize(80, 24)
        assert "What layer 0 changed" in explorer.text
        assert "COMMAND" not in explorer.text
        await explorer.press("tab")
        assert "COMMAND" in explorer.text
        await explorer.resize(120, 24)
        assert "COMMAND" in explorer.text
        assert "What layer 0 changed" in explorer.text


async def test_keys_for_files_go_to_them_first_where_they_are_hidden(root: Path) -> None:
    async with explore(root, _FIVE, columns=80) as explorer:
        for key, words in (("b", "biggest files"), ("s", "by size"), ("2", "NAME"), ("n", "NAME")):
            assert "COMMAND" in explorer.text
            await explorer.press(key)
            assert words in explorer.text
            assert "COMMAND" not in explorer.text
            await explorer.press("j", "tab")
        await explorer.press("S")
        assert "Tab goes to them" in notices(explorer)
        assert "COMMAND" in explorer.text
        await explorer.press("y")
        assert not explorer.app.clipboard


async def test_the_keys_of_the_pane_with_the_focus_are_told(root: Path) -> None:
    async with explore(root, _FIVE, columns=80) as explorer:
        assert "w Waste" in explorer.lines[-1]
        await explorer.press("tab")
        for words in ("Tab Other side", "/ Filter", "a Changed/all", "s Sort", "b Biggest"):
            assert words in explorer.lines[-1]
        assert explorer.lines[-1].endswith("? Help  q Quit")


async def test_what_is_wasted_is_told_at_100_columns(root: Path) -> None:
    async with explore(root, _FIVE, columns=100, rows=30) as explorer:
        assert "WASTED" in explorer.text


async def test_a_notice_stands_once_and_not_over_another_screen(root: Path) -> None:
    async with explore(root, _FIVE) as explorer:
        await explorer.press("c", "c", "c")
        assert explorer.notices.count("mark a layer") == 1
        await explorer.press("question_mark")
        assert not explorer.notices
        await explorer.press("escape")
        for what in ("one", "other", "one"):
            explorer.app.screen.fail(LayerscopeError(what, "it failed"))  # type: ignore[attr-defined]
        await explorer.settle()
        assert explorer.notices.splitlines() == ["other: it failed", "one: it failed"]


async def test_what_is_known_of_a_layer_fills_the_pane(root: Path) -> None:
    async with explore(root, _FIVE, columns=70) as explorer:
        (digest,) = (line for line in explorer.lines if "sha256:" in line)
        assert digest.endswith("…")
        await explorer.resize(90, 24)
        (digest,) = (line for line in explorer.lines if "sha256:" in line)
        assert len(digest.strip()) == 71
