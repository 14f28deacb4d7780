"""Images built, told as Dockerfiles, and built again of those."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from layerscope.build.parse import parse_dockerfile
from layerscope.build.runner import Command, Output
from layerscope.oci.config import ImageConfig
from layerscope.oci.created_by import parse_created_by
from layerscope.progress import Silent
from layerscope.usecases.dockerfile import dockerfile_of_target
from layerscope.usecases.save import save
from sample_images.archives import Image, Layer
from tests.support.build_cases import BASE, CASES, Case, make_context
from tests.support.builds import Bench, Engines
from tests.support.images import image
from tests.support.layers import file, folder, tar
from tests.support.stores import load_new

PATH = "PATH=/bin"
USERS = b"root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\njoe:x:77:78::/:/x\n"
GROUPS = b"root:x:0:\njoe:x:78:\n"
FILES = [folder("bin"), folder("etc"), file("etc/passwd", USERS), file("etc/group", GROUPS)]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A bench with the base that the cases build on, and files of all kinds to copy."""
    made = Bench(tmp_path)
    history = ({"created_by": "/bin/sh -c #(nop) ADD file:0 in / "},)
    base = Image(
        (BASE,), (Layer.plain(tar(FILES)),), history, "2024-01-02T03:04:05Z", {"Env": [PATH]}
    )
    load_new(made.store, base)
    made.request = made.request._replace(context=make_context(tmp_path / "files"))
    yield made
    made.store.close()


def options(case: Case) -> dict[str, Any]:
    """The words of a case as a request has them."""
    pairs = list(zip(case.words[::2], case.words[1::2], strict=True))
    return {
        "build_args": dict(two.split("=", 1) for one, two in pairs if one == "--build-arg"),
        "labels": dict(two.split("=", 1) for one, two in pairs if one == "--label"),
        "target": next((two for one, two in pairs if one == "--target"), None),
    }


def config_of(bench: Bench, name: str) -> ImageConfig:
    return bench.store.config(bench.store.resolve(name))


class Idle(Engines):
    """A runner whose commands all do nothing."""

    def run(self, command: Command, output: Output) -> int:
        return 0


_COPIES = ("COPY", "ADD")
# They copy what a command makes; it has no step of its own.
_LEFT_OUT = ("stages", "stage-on-stage", "copy-owners", "copy-wild-links", "only-from")


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.name not in _LEFT_OUT], ids=lambda case: case.name
)
def test_built_again_of_what_is_told_the_config_is_the_same(case: Case, bench: Bench) -> None:
    bench.runner = Idle()
    if case.ignore and bench.request.context:
        (bench.request.context / ".dockerignore").write_text(case.ignore)
    bench(case.text, names=("first:1",), **options(case))
    told = dockerfile_of_target(bench.store, "first:1").lines
    assert told[1 if told[1].startswith("FROM") else 2] in (f"FROM {BASE}", "FROM scratch")
    bench("\n".join(_without_copies(told)), names=("again:1",))
    first, again = config_of(bench, "first:1"), config_of(bench, "again:1")
    assert again.config == first.config
    assert _words(again) == _words(first)


def _without_copies(told: Sequence[str]) -> Iterator[str]:
    """Which files they took nobody knows."""
    steps = parse_dockerfile("\n".join(told), "Dockerfile").instructions
    copies = {one.line for one in steps if one.name in _COPIES}
    return (line for number, line in enumerate(told, 1) if number not in copies)


def _words(config: ImageConfig) -> list[tuple[str, list[str]]]:
    """The history but for copies, arguments, and commands without a shell, whose words it doesn't
    tell apart; Docker sorts ports before their variables are replaced."""
    steps = [parse_created_by(step.created_by) for step in config.history]
    return [(one.name, sorted(one.text.split())) for one in steps if one.name not in (*_COPIES, "")]


def test_the_base_is_the_image_that_most_of_the_steps_are(bench: Bench) -> None:
    bench(f"FROM {BASE}\nENV A=1\nONBUILD ENV C=3\nCMD x", names=("one:1",))
    names = ("registry.example/two:1", "two:1", "and/two:1")
    bench("FROM one:1\nENV B=2\nENTRYPOINT y", names=names)
    bench("FROM two:1\nLABEL c=d", names=("three:1",))
    assert dockerfile_of_target(bench.store, "three:1").lines[1:] == ("FROM two:1", "LABEL c=d")
    two = dockerfile_of_target(bench.store, "two:1")
    assert two.lines[1:] == (
        "FROM one:1",
        "ENV C=3",
        "ENV B=2",
        "ENTRYPOINT y",
    )
    assert len(two.below) == 4
    assert dockerfile_of_target(bench.store, "one:1").lines[1] == f"FROM {BASE}"
    assert dockerfile_of_target(bench.store, BASE).lines[2] == "FROM scratch"


def test_an_image_with_the_same_layers_and_other_words_is_no_base(bench: Bench) -> None:
    load_new(bench.store, image("example/a:1", note="a"))
    load_new(bench.store, image("example/b:1", note="b"))
    told = dockerfile_of_target(bench.store, "example/a:1").lines
    assert told[1:] == ("FROM scratch", "RUN 0a", "RUN 1a", 'CMD ["sh"]')


def test_an_image_that_is_not_in_the_store_has_its_base_there(bench: Bench, tmp_path: Path) -> None:
    bench(f"FROM {BASE}\nENV A=1", names=("one:1",))
    save(bench.store, ["one:1"], tmp_path / "one.tar", "docker-archive", Silent())
    bench.store.remove_image("one:1")
    told = dockerfile_of_target(bench.store, str(tmp_path / "one.tar"))
    assert told.lines == (
        "# Reconstructed from the history of one:1.",
        f"FROM {BASE}",
        "ENV A=1",
    )
