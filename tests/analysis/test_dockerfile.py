"""Histories told as Dockerfiles."""

from __future__ import annotations

from typing import Any

import pytest

from layerscope.analysis.dockerfile.reconstruct import Base, reconstruct
from layerscope.oci.config import ImageConfig
from layerscope.oci.digest import Digest
from layerscope.oci.history import History
from layerscope.oci.platform import Platform
from layerscope.oci.runtime_config import RuntimeConfig

PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
NOP = "/bin/sh -c #(nop)  "
BUILDKIT = "buildkit.dockerfile.v0"


def config(*history: History, layers: int = 0, os: str = "linux", **runtime: Any) -> ImageConfig:
    runtime.setdefault("env", (PATH,))
    diff_ids = tuple(Digest.of(bytes([n])) for n in range(layers))
    return ImageConfig(
        diff_ids, Platform(os, "amd64"), config=RuntimeConfig(**runtime), history=history
    )


def lines(*steps: History | str, base: Base | None = None, **about: Any) -> list[str]:
    """The lines behind FROM; texts are steps without layers."""
    history = [
        History(created_by=one, empty_layer=True) if isinstance(one, str) else one for one in steps
    ]
    told = reconstruct(config(*history, **about), "x", base)
    return [*(line for one in told.steps for line in one.lines), *told.rest]


def buildkit(text: str) -> History:
    return History(created_by=text, comment=BUILDKIT, empty_layer=True)


@pytest.mark.parametrize(
    ("created_by", "line", "runtime"),
    [
        ('CMD ["bash"]', 'CMD ["bash"]', {"cmd": ("bash",)}),
        ('CMD ["a" "b \\"c\\"\\n"]', 'CMD ["a", "b \\"c\\"\\n"]', {"cmd": ("a", 'b "c"\n')}),
        (
            'CMD ["/bin/sh" "-c" "echo $HOME"]',
            "CMD echo $HOME",
            {"cmd": ("/bin/sh", "-c", "echo $HOME")},
        ),
        (
            'CMD ["/bin/sh" "-c" "[ -f x ]"]',
            'CMD ["/bin/sh", "-c", "[ -f x ]"]',
            {"cmd": ("/bin/sh", "-c", "[ -f x ]")},
        ),
        ("CMD []", "CMD []", {}),
        ('ENTRYPOINT ["/e" "f g"]', 'ENTRYPOINT ["/e", "f g"]', {"entrypoint": ("/e", "f g")}),
        ("ENV A=1", "ENV A=1", {"env": (PATH, "A=1")}),
        ("ENV A=", 'ENV A=""', {"env": (PATH, "A=")}),
        ("ENV A=$B\\ \"'", 'ENV A="\\$B\\\\ \\"\'"', {"env": (PATH, "A=$B\\ \"'")}),
        (
            "ENV A=one B=two C=3 D=4",
            'ENV A="one B=two" C=3 D=4',
            {"env": (PATH, "A=one B=two", "C=3", "D=4")},
        ),
        ("LABEL a=b c d=e f", 'LABEL a=b "c d"="e f"', {"labels": {"a": "b", "c d": "e f"}}),
        ("EXPOSE 80 8000-8001/udp", "EXPOSE 80 8000-8001/udp", {
            "exposed_ports": ("80/tcp", "8000/udp", "8001/udp")}),
        ("VOLUME [/a /b c]", 'VOLUME ["/a", "/b c"]', {"volumes": ("/a", "/b c")}),
        ("VOLUME [/a /b]", "VOLUME /a /b", {"volumes": ("/a", "/b")}),
        ("WORKDIR /a b/$c", 'WORKDIR "/a b/\\$c"', {"working_dir": "/a b/$c"}),
        ("USER joe:x", "USER joe:x", {"user": "joe:x"}),
        ("STOPSIGNAL 9", "STOPSIGNAL 9", {"stop_signal": "9"}),
        ("SHELL [/bin/sh -e x -c]", 'SHELL ["/bin/sh", "-e x", "-c"]', {
            "shell": ("/bin/sh", "-e x", "-c")}),
        ("ONBUILD RUN make $A", "ONBUILD RUN make $A", {"on_build": ("RUN make $A",)}),
        ("MAINTAINER me <a@b>", "MAINTAINER me <a@b>", {}),
        ("ARG A=two words", 'ARG A="two words"', {}),
        ("ARG A B=1 C", 'ARG A B="1 C"', {}),
        (
            'HEALTHCHECK &{["CMD-SHELL" "ls / || exit 1"] "1m30s" "0s" "500ms" \'\\x03\'}',
            "HEALTHCHECK --interval=90s --start-period=500ms --retries=3 CMD ls / || exit 1",
            {
                "healthcheck": {
                    "Test": ["CMD-SHELL", "ls / || exit 1"],
                    "Interval": 90 * 10**9,
                    "StartPeriod": 500 * 10**6,
                    "Retries": 3,
                }
            },
        ),
        (
            'HEALTHCHECK &{["CMD" "a b"] "0s" "0s" "0s" "0s" \'\'\'}',
            'HEALTHCHECK --retries=39 CMD ["a b"]',
            {"healthcheck": {"Test": ["CMD", "a b"], "Retries": 39}},
        ),
        (
            "HEALTHCHECK &{[\"NONE\"] \"0s\" \"0s\" \"0s\" '\\x00'}",
            "HEALTHCHECK NONE",
            {"healthcheck": {"Test": ["NONE"]}},
        ),
    ],
)  # fmt: skip
def test_metadata_of_the_classic_builder_and_of_buildkit(
    created_by: str, line: str, runtime: dict[str, Any]
) -> None:
    assert lines(NOP + created_by, **runtime) == [line]
    assert lines(buildkit(created_by), **runtime) == [line]


def test_ports_as_buildkit_writes_them() -> None:
    ports = ("53/udp", "80/tcp")
    for text in ("EXPOSE map[53/udp:{} 80/tcp:{}]", "EXPOSE [53/udp 80/tcp]"):
        assert lines(buildkit(text), exposed_ports=ports) == ["EXPOSE 53/udp 80/tcp"]


@pytest.mark.parametrize(
    ("text", "runtime"),
    [
        ('ENV A="two words" B=$V C=\'q"x\'', {"env": (PATH, "A=two words", "B=1", 'C=q"x')}),
        ("ENV old form  value", {"env": (PATH, "old=form  value")}),
        ('LABEL "c d"="e f" z=$A', {"labels": {"c d": "e f", "z": "1"}}),
        ("CMD echo $HOME", {"cmd": ("/bin/sh", "-c", "echo $HOME")}),
        ('VOLUME ["/json dir"]', {"volumes": ("/json dir",)}),
        ("VOLUME /a /b", {"volumes": ("/a", "/b")}),
        ("WORKDIR sub", {"working_dir": "/sub"}),
        ("USER $U", {"user": "joe"}),
        ("EXPOSE $P", {"exposed_ports": ("80/tcp",)}),
        ("HEALTHCHECK --retries=3 CMD ls", {"healthcheck": {"Test": ["CMD-SHELL", "ls"]}}),
        ('SHELL ["/bin/sh", "-ec"]', {"shell": ("/bin/sh", "-ec")}),
        ("ONBUILD RUN x", {"on_build": ("RUN x",)}),
    ],
)
def test_what_buildah_wrote_stands_as_in_the_dockerfile(text: str, runtime: dict[str, Any]) -> None:
    assert lines("/bin/sh -c #(nop) " + text, **runtime) == [text]


def test_old_dockers_list_without_quotes() -> None:
    assert lines("/bin/sh -c #(nop) CMD [/bin/a b]", cmd=("/bin/a b",)) == ['CMD ["/bin/a b"]']


def run(created_by: str, **about: Any) -> list[str]:
    return lines(History(created_by=created_by), layers=1, **about)


@pytest.mark.parametrize(
    ("created_by", "told"),
    [
        ("/bin/sh -c make", ["RUN make"]),
        ("RUN /bin/sh -c make # buildkit", ["RUN make"]),
        ("RUN make $X", ["RUN make $X"]),
        ("|1 A=b c /bin/sh -c make", ["# with the build arguments A=b c", "RUN make"]),
        ("/bin/bash -c make", ['RUN ["/bin/bash", "-c", "make"]']),
        ("RUN make all # buildkit", ["# Where these words end is a guess.",
                                     'RUN ["make", "all"]']),
        ('/bin/sh -c ["a", "b"]', ['RUN ["a", "b"]']),
        ("/bin/sh -c a\x1b[2J", ['RUN ["/bin/sh", "-c", "a\\u001b[2J"]']),
        ("/bin/sh -c a \\", ['RUN ["/bin/sh", "-c", "a \\\\"]']),
        ("/bin/sh -c cat <<E", ['RUN ["/bin/sh", "-c", "cat <<E"]']),
        ("RUN /bin/sh -c a\nb\n # buildkit", ["RUN <<EOF", "a", "b", "EOF"]),
        ("/bin/sh -c EOF\nb", ["RUN <<EOF1", "EOF", "b", "EOF1"]),
        ("/bin/sh -c cat <<E | y\nz\nE", ["RUN cat <<E | y", "z", "E"]),
        ("/bin/sh -c #!/x\nb", ['RUN ["/bin/sh", "-c", "#!/x\\nb"]']),
    ],
)  # fmt: skip
def test_commands(created_by: str, told: list[str]) -> None:
    assert run(created_by) == told


def test_a_long_command_is_broken_where_it_was() -> None:
    command = "set -eux; \tapt-get update;     apt-get install -y curl 'a   b'   # no;   rm -r /x"
    told = run(f"/bin/sh -c {command}")
    assert told == [
        "RUN set -eux; \\",
        "\tapt-get update; \\",
        "    apt-get install -y curl 'a   b'   # no; \\",
        "  rm -r /x",
    ]


def test_arguments_that_are_the_defaults_go_without_saying() -> None:
    steps = [NOP + "ARG B=1", NOP + "ARG A=2"]
    for told in ("|2 A=2 B=1", "|2 B=1 A=2"):
        assert lines(*steps, f"{told} /bin/sh -c x") == ["ARG B=1", "ARG A=2", "RUN x"]


def test_the_shell_of_an_image_runs_its_commands() -> None:
    shell = ("/bin/bash", "-o", "pipefail", "-c")
    said = " ".join(shell)
    told = lines(
        buildkit(f"SHELL [{said}]"), f"RUN {said} a | b # buildkit", shell=shell, cmd=("x",)
    )
    assert told[1:] == ["RUN a | b", "# The config says more than the history:", 'CMD ["x"]']


def test_windows() -> None:
    told = lines("cmd /S /C #(nop) WORKDIR C:\\app", "cmd /S /C dir", os="windows",
                 working_dir="C:\\app")  # fmt: skip
    assert told == ['WORKDIR "C:\\\\app"', "RUN dir"]


@pytest.mark.parametrize(
    ("created_by", "told"),
    [
        (f"/bin/sh -c #(nop) COPY file:{'0a' * 32} in /app ", ["COPY file:0a0a0a0a0a0a /app"]),
        (
            f"/bin/sh -c #(nop) ADD --chown=1:2multi:{'0a' * 32} in /a b/ ",
            ['ADD --chown=1:2 ["multi:0a0a0a0a0a0a", "/a b/"]'],
        ),
        ("COPY a $b /dest # buildkit", ["COPY a \\$b /dest"]),
        ("COPY --from=x a $b /dest", ["COPY --from=x a $b /dest"]),
        ("COPY <<EOF /x # buildkit", ["# COPY <<EOF /x: what the file says is not told"]),
    ],
)
def test_copies(created_by: str, told: list[str]) -> None:
    assert run(created_by) == told


def test_what_no_instruction_made_is_a_comment() -> None:
    steps = [
        History(created_by="bazel build //x"),
        History(created_by="# debian.sh out/"),
        History(comment="Imported from -"),
        History(),
        History(created_by="/bin/sh\x1b\nRUN evil"),
    ]
    assert lines(*steps, "jib", layers=6) == [
        "# layer 0, made by: bazel build //x",
        "# debian.sh out/",
        "# layer 2, made by: Imported from -",
        "# layer 3: how it was made is not told",
        "# layer 4, made by: /bin/sh\\x1b\\nRUN evil",
        "# a step without files, made by: jib",
        f"# layer 5 ({Digest.of(bytes([5])).short}): the history doesn't tell of it",
    ]


def test_what_a_dockerfile_cannot_say_stands_escaped() -> None:
    assert lines(NOP + "ENV A=a\nRUN evil", env=(PATH, "A=a\nRUN evil"))[1:] == [
        'ENV A="a\\nRUN evil"'
    ]
    assert lines(NOP + "MAINTAINER me \\", NOP + "USER x", user="x") == [
        "# MAINTAINER me \\",
        "USER x",
    ]


def test_what_only_the_config_says_is_told_as_well() -> None:
    told = lines(
        env=(PATH, "A=1 2"), labels={"b c": "d"}, exposed_ports=("80/tcp",), volumes=("/v w",),
        working_dir="/x", user="1", stop_signal="9", shell=("/a", "b"), entrypoint=("e",),
        cmd=("c",), healthcheck={"Test": ["CMD", "h"]}, on_build=("RUN z",),
    )  # fmt: skip
    assert told == [
        "# The config says more than the history:",
        'ENV A="1 2"',
        'LABEL "b c"=d',
        "EXPOSE 80/tcp",
        'VOLUME ["/v w"]',
        "WORKDIR /x",
        "USER 1",
        "STOPSIGNAL 9",
        'SHELL ["/a", "b"]',
        'ENTRYPOINT ["e"]',
        'CMD ["c"]',
        'HEALTHCHECK CMD ["h"]',
        "ONBUILD RUN z",
    ]


def test_what_the_config_has_no_more_is_told() -> None:
    told = lines(NOP + "USER x", NOP + "ENV A=1", NOP + 'CMD ["x"]', env=())
    assert told[3:] == [
        "# The config says more than the history:",
        "CMD []",
        "# The config doesn't say what the history does by USER, ENV.",
    ]


def test_an_image_on_a_base_begins_with_its_name() -> None:
    base = Base("acme/base:1", 1, RuntimeConfig(env=(PATH, "A=1"), cmd=("sh",), on_build=("x",)))
    history = [History(created_by=NOP + text, empty_layer=True) for text in ("ENV A=1", "ENV B=2")]
    told = reconstruct(config(*history, env=(PATH, "A=1", "B=2"), cmd=("sh",)), "a\nb", base)
    assert told.lines == (
        "# Reconstructed from the history of a\\nb.",
        "FROM acme/base:1",
        "ENV B=2",
    )
    assert [step.history for step in told.below] == history[:1]


def test_notes_say_what_copies_leave_open() -> None:
    copied = f"/bin/sh -c #(nop) COPY file:{'0a' * 32} in /app "
    told = reconstruct(config(History(created_by=copied), layers=1), "x")
    assert "hashes" in told.head[1]
    told = reconstruct(config(History(created_by="COPY a /b # buildkit"), layers=1), "x")
    assert "another stage" in told.head[1]


def test_hostile_histories_take_no_time() -> None:
    many = " ".join(f"A{n}=x" for n in range(20_000))
    lines(NOP + "ENV " + many, env=tuple(many.split()))
    lines(NOP + "ENV A" + "=" * 100_000, NOP + "LABEL " + " =" * 50_000, labels={"a b": ""})
    lines(NOP + "VOLUME [" + "a " * 50_000 + "]", volumes=("a " * 100,))
    run("/bin/sh -c " + "\n".join(f"EOF{n}" for n in range(20_000)))
    run("/bin/sh -c " + "'\" \\" * 50_000)
