"""Images beside their Dockerfiles: as they were built here, and as their histories tell it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from layerscope.progress import Silent
from layerscope.sources.target import open_target
from layerscope.store.store import Store
from layerscope.usecases.build import build
from layerscope.usecases.how_built import BuiltStep, HowBuilt, how_built
from layerscope.usecases.prune import prune
from layerscope.usecases.save import save
from tests.support.builds import Bench
from tests.support.images import image
from tests.support.stores import faults, load, load_new

ANEW = "the step before it was built anew"
FILE = """\
# the app
FROM base:1
ENV A=1
COPY src \\
  /app
RUN nothing

# what runs
CMD x
"""


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    load_new(made.store, image("base:1"))
    yield made
    assert faults(made.store) == []
    made.store.close()


def told(store: Store, target: str) -> HowBuilt:
    return how_built(store, open_target(target, store))


def facts(built: HowBuilt) -> list[tuple[int, str, list[int]]]:
    return [(step.lines[0], step.instruction.split()[0], [*step.layers]) for step in built.steps]


def test_what_was_built_here_has_its_dockerfile_and_what_became_of_it(bench: Bench) -> None:
    bench(FILE, names=("app:1",))
    built = told(bench.store, "app:1")
    assert built.lines == tuple(FILE.splitlines())
    assert facts(built) == [
        (2, "FROM", [0, 1]),
        (3, "ENV", []),
        (4, "COPY", [2]),
        (6, "RUN", []),
        (9, "CMD", []),
    ]
    assert [len(step.lines) for step in built.steps] == [1, 1, 2, 1, 1]
    assert [step.cached for step in built.steps] == [True, False, False, False, False]
    assert [step.reason for step in built.steps][1:] == ["it was not built before", *[ANEW] * 3]
    assert all(step.seconds is not None and step.elsewhere is None for step in built.steps)
    assert built.built_at is not None


def test_the_last_build_is_told_of(bench: Bench) -> None:
    bench(FILE, names=("app:1",))
    bench.write("src/main.py", "changed")
    bench(FILE, names=("app:1",))
    assert told(bench.store, "app:1").steps[2].reason == "src/main.py changed"
    bench("# once more\n" + FILE, names=("app:1",))
    built = told(bench.store, "app:1")
    assert built.lines[0] == "# once more"
    assert all(step.cached for step in built.steps)


def test_stages_that_the_image_does_not_stand_on(bench: Bench) -> None:
    text = (
        "FROM base:1 AS one\nRUN write /made 1\nFROM base:1 AS two\nCOPY src /two\n"
        "FROM two\nCOPY --from=one /made /\nENV A=1\n"
    )
    bench(text, names=("app:1",))
    built = told(bench.store, "app:1")
    assert facts(built) == [
        (1, "FROM", []),
        (2, "RUN", []),
        (3, "FROM", [0, 1]),
        (4, "COPY", [2]),
        (5, "FROM", [0, 1, 2]),
        (6, "COPY", [3]),
        (7, "ENV", []),
    ]
    assert [step.stage for step in built.steps] == ["one"] * 2 + ["two"] * 2 + ["stage-2"] * 3
    run = built.steps[1]
    assert run.size == 1
    assert run.elsewhere is not None
    assert bench.store.resolve(str(run.elsewhere)).layers[2].size == 1


def test_it_touches_no_digest_and_goes_with_the_image(bench: Bench) -> None:
    built = bench(FILE, names=("app:1",), epoch=0)
    save(bench.store, ["app:1"], bench.context.with_name("app.tar"), "docker-archive", Silent())
    count = "SELECT count(*) FROM builds"
    assert bench.store.database.row(count) == (1,)
    bench.store.remove_image("app:1")
    prune(bench.store)
    assert bench.store.database.row(count) == (0,)
    load(bench.store, bench.context.with_name("app.tar"))
    assert str(bench.store.resolve("app:1").id) == built.id
    again = told(bench.store, "app:1")
    assert again.built_at is None
    assert again.lines[2:4] == ("FROM base:1", "ENV A=1")


def test_a_lone_from_leaves_the_base_its_own_story(bench: Bench) -> None:
    bench(FILE, names=("app:1",))
    bench("FROM app:1", names=("other:1",))
    assert told(bench.store, "other:1").lines[0] == "# the app"


def test_other_images_are_told_by_their_history(bench: Bench) -> None:
    built = told(bench.store, "base:1")
    assert built.lines == (
        "# Reconstructed from the history of base:1.",
        "FROM scratch",
        "RUN 0",
        "RUN 1",
        'CMD ["sh"]',
    )
    assert built.steps == (
        BuiltStep(range(2, 3), "FROM scratch", range(0)),
        BuiltStep(range(3, 4), "RUN 0", range(1)),
        BuiltStep(range(4, 5), "RUN 1", range(1, 2)),
        BuiltStep(range(5, 6), 'CMD ["sh"]', range(0)),
    )


def test_a_dockerfile_that_is_no_utf_8(bench: Bench) -> None:
    (bench.context / "Dockerfile").write_bytes(b"\xef\xbb\xbfFROM base:1\r\nLABEL a=\xff\r\n")
    made = build(bench.store, bench.request, bench.watched, bench.runner)
    assert told(bench.store, made.id).lines == ("FROM base:1", "LABEL a=\udcff")
    config = bench.store.config(bench.store.resolve(made.id)).config
    assert config.labels == {"a": "\ufffd"}
