from __future__ import annotations

import os
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
def test_every_verb_has_help(verb: str, cli: Cli) -> None:
    told = cli(verb, "--help")
    assert told.code == 0
    assert told.out.startswith(f"usage: layerscope {verb}")


def test_help_is_found_wherever_it_is_asked_for(tmp_path: Path) -> None:
    whole = run("--help", root=tmp_path).stdout
    for words in ["-h"], ["help"], ["x.tar", "--help"]:
        assert run(*words, root=tmp_path).stdout == whole
    assert run("help", "tree", root=tmp_path).stdout == run("tree", "-h", root=tmp_path).stdout


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
        (["layers", "ostree:alpine"], 2, "ostree"),
        (["layers", "README.md"], 1, "README.md"),
        (["tag", "nothing", "NAME"], 2, "no image name"),
        (["tag", "nothing", "name"], 1, "nothing"),
        (["ls", "-x", "folder"], 2, "it is no verb"),
        (["images", "--format", "{{.ID"], 2, "no }} at its end"),
        (["images", "--root", "README.md"], 1, "README.md"),
        (["images", "--root", ""], 2, "--root: it names no folder"),
        (["cat", "--json", "image.tar", "/x"], 2, "a file's bytes are no JSON"),
        (["cat", "sample_images/five-layers.docker.tar", "/etc/motd/"], 1, "it is no folder"),
        (["exec", "--json", "c", "sh"], 2, "what the command prints is no JSON"),
        (["start", "-a", "--json", "c"], 2, "what the command prints is no JSON"),
        (["completion", "--json", "bash"], 2, "a shell's script is no JSON"),
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


def test_a_name_in_the_store_is_no_typo(tmp_path: Path) -> None:
    sample = str(SAMPLES / "five-layers.docker.tar")
    assert run("load", sample, "-t", "image", root=tmp_path / "s").returncode == 0
    assert "needs a terminal" in run("image", root=tmp_path / "s").stderr


def test_options_may_stand_between_other_words(cli: Cli) -> None:
    sample = str(SAMPLES / "five-layers.docker.tar")
    between = cli.ok("tree", sample, "--layer", "1", "/etc")
    assert between == cli.ok("tree", sample, "/etc", "--layer", "1")


@pytest.mark.parametrize("words", [["tree", "SAMPLE"], ["--help"], ["tree", "--help"]])
def test_a_closed_pipe_ends_it_quietly(words: list[str], tmp_path: Path) -> None:
    words = [word.replace("SAMPLE", str(SAMPLES / "five-layers.docker.tar")) for word in words]
    command = [sys.executable, "-m", "layerscope", *words]
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as out:
        done = subprocess.run(
            command,
            stdout=out,
            stderr=subprocess.PIPE,
            env={**os.environ, "LAYERSCOPE_ROOT": str(tmp_path)},
            check=False,
        )
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("words", [["images"], ["cat", "SAMPLE", "/etc/passwd"]])
def test_a_full_disk_behind_stdout_is_one_line(words: list[str], tmp_path: Path) -> None:
    words = [word.replace("SAMPLE", str(SAMPLES / "five-layers.docker.tar")) for word in words]
    with open("/dev/full", "wb") as out:
        done = subprocess.run(
            [sys.executable, "-m", "layerscope", "--root", str(tmp_path), *words],
            stdout=out,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stderr) == (1, "layerscope: output: no space left on device\n")


def test_closed_streams_do_no_harm(tmp_path: Path) -> None:
    command = f"{sys.executable} -m layerscope --root {tmp_path} images"
    assert subprocess.run(f"{command} >&- 2>&-", shell=True, check=False).returncode == 0


def test_what_the_encoding_lacks_is_escaped(tmp_path: Path) -> None:
    sample = str(SAMPLES / "five-layers.docker.tar")
    done = run("tree", sample, "/app/names", root=tmp_path, PYTHONIOENCODING="ascii")
    assert done.returncode == 0
    assert "\\U0001f433" in done.stdout


def test_a_fault_of_its_own_is_one_line_too(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, every: bool) -> None:
        raise KeyError("x")

    monkeypatch.setattr("layerscope.cli.verbs.images.list_images", broken)
    told = cli("images")
    assert told.code == 1
    assert told.err.splitlines()[0] == "layerscope: a fault of layerscope's own: KeyError: 'x'"


def test_long_and_hostile_words_are_cut_and_escaped(tmp_path: Path) -> None:
    done = run("images", "--no\x1b[31m\npe" + "x" * 5000, root=tmp_path)
    assert done.returncode == 2
    assert "\x1b" not in done.stderr
    assert all(len(line) <= 1000 for line in done.stderr.splitlines())
    assert len(done.stderr.splitlines()) == 2


def test_an_unwritable_store_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = run("images", root=tmp_path / "file")
    assert done.returncode == 1
    assert done.stderr.startswith("layerscope: ")
    assert len(done.stderr.splitlines()) <= 2


def test_debug_shows_the_traceback(tmp_path: Path) -> None:
    done = run("layers", "./no-such-file.tar", "--debug", root=tmp_path)
    assert "Traceback" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("layerscope: ./no-such-file.tar: ")
    assert done.returncode == 1


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


def test_the_code_of_a_signal_stays_where_nothing_takes_what_is_left() -> None:
    """Python's own way out would make 120 of it: what is left for a closed terminal is lost."""
    program = (
        "import sys, layerscope.cli.call as module\n"
        "def call(words):\n"
        "    sys.stdout = open(1, 'w', closefd=False)\n"
        "    sys.stdout.write('left')\n"
        "    raise SystemExit(129)\n"
        "module.call = call\n"
        "from layerscope.cli.main import entry\n"
        "entry()"
    )
    with open("/dev/full", "w") as full:
        assert subprocess.run([sys.executable, "-c", program], stdout=full).returncode == 129
