"""What builders write of a step, taken apart."""

from __future__ import annotations

import pytest

from layerscope.oci.created_by import CreatedBy, parse_created_by

SH = "/bin/sh -c"


@pytest.mark.parametrize(
    ("created_by", "made"),
    [
        ('/bin/sh -c #(nop)  CMD ["a" "b"]', CreatedBy("CMD", '["a" "b"]')),
        ("/bin/sh -c #(nop) ENV A=$B", CreatedBy("ENV", "A=$B", is_written=True)),
        ("/bin/sh -c make all", CreatedBy("RUN", "make all", shell=SH)),
        ("|2 A=1 B=x y /bin/sh -c make", CreatedBy("RUN", "make", shell=SH, arguments="A=1 B=x y")),
        ("RUN /bin/sh -c make # buildkit", CreatedBy("RUN", "make", shell=SH)),
        (
            "RUN |1 A=1 /bin/bash -o pipefail -c a | b # buildkit",
            CreatedBy("RUN", "a | b", shell="/bin/bash -o pipefail -c", arguments="A=1"),
        ),
        ("RUN |1 A=1 make all # buildkit", CreatedBy("RUN", "make all", arguments="A=1")),
        ("RUN make all # buildkit", CreatedBy("RUN", "make all")),
        ("RUN make all", CreatedBy("RUN", "make all", is_written=True)),
        (
            "RUN --mount=type=cache,target=/c /bin/sh -c make # buildkit",
            CreatedBy("RUN", "make", shell=SH, flags="--mount=type=cache,target=/c"),
        ),
        ("RUN /bin/sh -c a\nb\n # buildkit", CreatedBy("RUN", "a\nb\n", shell=SH)),
        ("COPY . /app # buildkit", CreatedBy("COPY", ". /app")),
        ("COPY --from=x . /app", CreatedBy("COPY", "--from=x . /app", is_written=True)),
        ("ENV A=b", CreatedBy("ENV", "A=b", is_written=True)),
        ("bazel build //x", CreatedBy("", "bazel build //x")),
        ("# debian.sh out/", CreatedBy("", "# debian.sh out/")),
        ("/bin/sh -c", CreatedBy("", "/bin/sh -c")),
        ("/bin/sh", CreatedBy("", "/bin/sh")),
        ("FROM x", CreatedBy("", "FROM x")),
        ("", CreatedBy("", "")),
    ],
)
def test_forms_of_the_builders(created_by: str, made: CreatedBy) -> None:
    assert parse_created_by(created_by) == made


def test_buildkit_is_told_by_its_comment() -> None:
    assert parse_created_by("ENV A=b c", "buildkit.dockerfile.v0") == CreatedBy("ENV", "A=b c")


def test_a_shell_that_is_known_goes_before_those_that_look_like_one() -> None:
    made = parse_created_by("powershell -Command dir", shell=("powershell", "-Command"))
    assert made == CreatedBy("RUN", "dir", shell="powershell -Command")
    made = parse_created_by("cmd /S /C #(nop)  USER x", shell=("cmd", "/S", "/C"))
    assert made == CreatedBy("USER", "x")
    made = parse_created_by("|1 A=/bin/sh -c cmd /S /C dir", shell=("cmd", "/S", "/C"))
    assert (made.arguments, made.text) == ("A=/bin/sh -c", "dir")


def test_hostile_words_take_no_time() -> None:
    for text in ("|1 " + "/" * 100_000 + " -c " * 10_000, "RUN " + "--a= " * 50_000):
        assert parse_created_by(text).name in ("RUN", "")
