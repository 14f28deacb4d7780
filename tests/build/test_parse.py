"""Dockerfiles read: lines, directives, heredocs, every instruction, and what is wrong where."""

from __future__ import annotations

import pytest

from layerscope.build.lines import BadDockerfile, Heredoc
from layerscope.build.parse import Instruction, parse_dockerfile
from layerscope.build.stages import needed, split_stages
from layerscope.errors import UsageError


def parse(text: str) -> tuple[Instruction, ...]:
    return parse_dockerfile(text, "Dockerfile").instructions


def one(text: str) -> Instruction:
    (found,) = parse(text)
    return found


@pytest.mark.parametrize(
    ("text", "args", "is_exec"),
    [
        ("FROM a AS B", ("a", "b"), False),
        ("from a", ("a",), False),
        ("RUN echo  a", ("echo  a",), False),
        ('RUN ["a", "b c"]', ("a", "b c"), True),
        ("RUN ['a']", ("['a']",), False),
        ("CMD", (), False),
        ("CMD []", (), True),
        ('ENTRYPOINT ["/x"]', ("/x",), True),
        ("COPY a b /c/", ("a", "b", "/c/"), False),
        ('COPY ["a b", "/c"]', ("a b", "/c"), True),
        ("ENV a=1 b='2 3'", ("a", "1", "b", "'2 3'"), False),
        ("ENV a b  c", ("a", "b  c"), False),
        ("LABEL a.b=c", ("a.b", "c"), False),
        ("ARG a b=1", ("a", "b=1"), False),
        ("EXPOSE 80 81/udp", ("80", "81/udp"), False),
        ('VOLUME ["/a"]', ("/a",), True),
        ("WORKDIR /a b", ("/a b",), False),
        ("HEALTHCHECK NONE", ("NONE",), False),
        ("HEALTHCHECK CMD a b", ("CMD-SHELL", "a b"), False),
        ('HEALTHCHECK CMD ["a"]', ("CMD", "a"), True),
        ("ONBUILD RUN a", ("RUN a",), False),
        ("MAINTAINER me <a@b>", ("me <a@b>",), False),
        ("STOPSIGNAL 9", ("9",), False),
        ("USER a:b", ("a:b",), False),
        ('SHELL ["/bin/sh", "-ec"]', ("/bin/sh", "-ec"), True),
    ],
)
def test_an_instruction(text: str, args: tuple[str, ...], is_exec: bool) -> None:
    found = one(text)
    assert (found.args, found.exec) == (args, is_exec)


def test_lines_go_on_over_comments_and_empty_lines() -> None:
    found = parse("# a comment\nFROM a\n\nRUN one \\\n# not this\n\n  two \\  \n  three\nCMD x")
    assert [step.text for step in found] == ["FROM a", "RUN one   two   three", "CMD x"]
    assert [step.line for step in found] == [2, 4, 9]


def test_directives() -> None:
    found = parse_dockerfile("# syntax=docker/dockerfile:1\n# escape=`\nRUN a `\n b\\", "D")
    assert found.escape == "`"
    assert found.instructions[0].args == ("a  b\\",)
    assert parse_dockerfile("\n# escape=`\nRUN a \\\n b", "D").escape == "\\"


def test_a_directive_behind_a_comment_is_a_comment() -> None:
    assert parse_dockerfile("# hello\n# escape=`\nRUN a \\\n b", "D").escape == "\\"


def test_windows_line_ends_and_a_byte_order_mark() -> None:
    assert [one.args for one in parse("\ufeffFROM a\r\nRUN b \\\r\n c\r\n")] == [("a",), ("b  c",)]


def test_flags() -> None:
    found = one("COPY --from=x --chown=1:2 --chmod=755 --link a b")
    assert found.flags == {"from": "x", "chown": "1:2", "chmod": "755", "link": "true"}
    assert one("HEALTHCHECK --retries=3 --start-period=1s CMD a").flags["retries"] == "3"
    assert one("FROM --platform=$BUILDPLATFORM a").flags == {"platform": "$BUILDPLATFORM"}


def test_heredocs() -> None:
    found = parse(
        "COPY <<A <<-'B' /x/\none $y\nA\n\ttwo\n\tB\nRUN <<E\nx\nE\nRUN cat <<E | y\nz\nE"
    )
    assert found[0].heredocs == (Heredoc("A", "one $y\n", True), Heredoc("B", "two\n", False))
    assert found[1].heredocs == (Heredoc("E", "x\n", True),)
    assert found[2].args == ("cat <<E | y\nz\nE",)
    assert found[2].line == 9


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("FROM a\nRUNN b", 2, "unknown instruction 'RUNN'"),
        ("FROM a b c d", 1, "IMAGE [AS NAME]"),
        ("FROM a AS 1x", 1, "no name for a stage"),
        ("COPY a", 1, "a source and a destination"),
        ("RUN", 1, "it needs an argument"),
        ("ENV a", 1, "has no value"),
        ("ENV a=1 b", 1, "isn't NAME=VALUE"),
        ("ENV =1", 1, "a name is empty"),
        ("COPY --form=a b c", 1, "no flag --form"),
        ("COPY --from=a --from=b c d", 1, "twice"),
        ("ADD --from=a b c", 1, "no flag --from"),
        ("RUN --mount=type=cache a", 1, "no flag --mount"),
        ("SHELL sh -c", 1, "JSON list"),
        ("CMD [1, 2]", 1, "texts alone"),
        ('ENTRYPOINT [["a"]]', 1, "texts alone"),
        ('VOLUME ["/a", 3]', 1, "texts alone"),
        ("HEALTHCHECK CMD [null]", 1, "texts alone"),
        ("FROM a\nENV A=" + "a" * 65530, 2, "longer than 65535"),
        ("HEALTHCHECK a", 1, "NONE or CMD"),
        ("ONBUILD FROM a", 1, "can't be a trigger"),
        ("ONBUILD NIX a", 1, "unknown instruction"),
        ("RUN <<E\nno end", 1, "doesn't end"),
        ("# escape=x\nFROM a", 1, "escape character"),
        ("# escape=`\n# escape=`\nFROM a", 2, "twice"),
        ("# nothing", 0, "no instruction"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(text: str, line: int, why: str) -> None:
    with pytest.raises(BadDockerfile) as caught:
        parse(text)
    assert caught.value.line == line
    assert why in caught.value.why
    assert caught.value.what == (f"Dockerfile:{line}" if line else "Dockerfile")


STAGES = "ARG v=1\nFROM a AS one\nRUN x\nFROM b AS two\nFROM one AS three\nCOPY --from=0 a b\n"


def test_stages_are_found_by_name_and_number() -> None:
    stages = split_stages(parse_dockerfile(STAGES, "D"))
    assert [stage.label for stage in stages.stages] == ["one", "two", "three"]
    assert stages.target("TWO").number == stages.target("1").number == 1
    assert stages.target(None).number == 2
    with pytest.raises(UsageError):
        stages.target("four")


def test_only_needed_stages_are_built() -> None:
    stages = split_stages(parse_dockerfile(STAGES, "D"))
    bases = {one.number: one.start.args[0] for one in stages.stages}
    assert [one.name for one in needed(stages, stages.stages[2], bases)] == ["one", "three"]
    assert [one.name for one in needed(stages, stages.stages[1], bases)] == ["two"]


@pytest.mark.parametrize("text", ["RUN a\nFROM b", "ARG a"])
def test_something_before_from(text: str) -> None:
    with pytest.raises(BadDockerfile):
        split_stages(parse_dockerfile(text, "D"))
