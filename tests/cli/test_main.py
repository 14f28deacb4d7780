from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from layerscope import __version__
from layerscope.cli.verbs import VERBS
from tests.support.command import Cli, run

SAMPLES = Path("sample_images")


def test_version_and_help(tmp_path: Path) -> None:
    assert run("--version", root=tmp_path).stdout == f"layerscope {__version__}\n"
    told = run("--help", root=tmp_path)
    assert told.returncode == 0
    assert all(f"  {verb} " in told.stdout for verb in VERBS)


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_every_verb_has_help(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    from layerscope.cli.main import main

    with pytest.raises(SystemExit) as left:
        main([verb, "--help"])
    assert left.value.code == 0
    assert f"layerscope {verb}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["layers"], 2, "try: layerscope layers --help"),
        (["layers", "--nope", "x"], 2, "unrecognized arguments"),
        (["history", "nothing-here"], 1, "nothing-here"),
        (["layers", "./no-such-file.tar"], 1, "no such file"),
        (["images", "--format", "{{.Nope}}"], 2, "the fields are .Repository"),
        (["tree", "sample_images/five-layers.docker.tar", "--layer", "9"], 1, "layers are 0 to 4"),
        (["tree", "sample_images/five-layers.docker.tar", "/nope"], 1, "it isn't there"),
        (["tree", "sample_images/five-layers.docker.tar", "--layer", "-1"], 2, "--layer"),
        (["blame", "sample_images/five-layers.docker.tar", "/nope"], 1, "no layer ever had it"),
        (["layers", "docker-daemon:alpine"], 2, "docker-daemon"),
        (["layers", "README.md"], 1, "README.md"),
        (["tag", "nothing", "NAME"], 2, "no image name"),
        (["tag", "nothing", "name"], 1, "nothing"),
    ],
)
def test_failures_are_one_line_and_a_code(
    words: list[str], code: int, told: str, tmp_path: Path
) -> None:
    done = run(*words, root=tmp_path)
    lines = done.stderr.splitlines()
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    assert lines[0].startswith("layerscope: ")
    assert len(lines) == 1 or (len(lines) == 2 and lines[1].startswith("try: "))
    assert told in done.stderr


def test_the_explorer_wants_a_terminal(tmp_path: Path) -> None:
    for words, verb in ([], "images"), (["x.tar"], "layers x.tar"):
        done = run(*words, root=tmp_path)
        assert done.returncode == 2
        assert done.stderr.endswith(f"try: layerscope {verb}\n")


def test_a_typo_is_told_the_verb(tmp_path: Path) -> None:
    done = run("imagse", root=tmp_path)
    assert done.returncode == 2
    assert "try: layerscope images" in done.stderr


def test_a_closed_pipe_ends_it_quietly(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "layerscope", "--root", str(tmp_path), "tree"]
    command.append(str(SAMPLES / "five-layers.docker.tar"))
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""


def test_an_unwritable_store_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = run("images", root=tmp_path / "file")
    assert done.returncode == 1
    assert done.stderr.startswith("layerscope: ")
    assert len(done.stderr.splitlines()) <= 2


def test_debug_shows_the_traceback(tmp_path: Path) -> None:
    done = run("layers", "./no-such-file.tar", "--debug", root=tmp_path)
    assert "Traceback" in done.stderr


def test_plain_verbs_load_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import sys; from layerscope.cli.main import main; main(sys.argv[1:]); "
        "heavy = {'rich', 'textual', 'numpy', 'asyncio', 'watchfiles', 'rapidgzip'}; "
        "sys.exit(' '.join(heavy & set(sys.modules)) or 0)"
    )
    for verb in ("images", "df"):
        done = subprocess.run(
            [sys.executable, "-c", code, verb, "--root", str(tmp_path)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stderr == ""
        assert done.returncode == 0


@pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh"])
def test_completion(shell: str, cli: Cli) -> None:
    told = cli("completion", shell)
    assert told.code == 0
    assert "analyze" in told.out
