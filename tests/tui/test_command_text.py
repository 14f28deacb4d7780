from __future__ import annotations

import pytest

from layerscope.tui.models.command_text import command_text


@pytest.mark.parametrize(
    ("created_by", "shown"),
    [
        ('/bin/sh -c #(nop)  CMD ["bash"]', 'CMD ["bash"]'),
        ("/bin/sh -c apt-get update", "RUN apt-get update"),
        ("RUN /bin/sh -c apt-get update # buildkit", "RUN apt-get update"),
        ("RUN |2 A=1 B=two words /bin/sh -c make # buildkit", "RUN make"),
        ("|1 A=1 /bin/sh -c make install", "RUN make install"),
        ("RUN /bin/bash -o pipefail -c a | b # buildkit", "RUN a | b"),
        ("/bin/bash -euo pipefail -c a", "RUN a"),
        ("RUN |1 A=1 make all # buildkit", "RUN make all"),
        ("COPY . /app # buildkit", "COPY . /app"),
        (
            "/bin/sh -c #(nop) ADD file:0123456789abcdef0123456789abcdef in / ",
            "ADD file:01234567… in /",
        ),
        ("RUN /bin/sh -c a &&\t \\\n   b # buildkit", "RUN a && b"),
        ("# debian.sh --arch 'amd64' out/", "# debian.sh --arch 'amd64' out/"),
        ("EXPOSE map[80/tcp:{} 53/udp:{}]", "EXPOSE 80/tcp 53/udp"),
        ("WORKDIR /app", "WORKDIR /app"),
        ("RUN script.sh -c # not a shell", "RUN script.sh -c # not a shell"),
        ("/bin/sh -c", "/bin/sh -c"),
        ("", ""),
    ],
)
def test_a_command_reads_as_in_a_dockerfile(created_by: str, shown: str) -> None:
    assert command_text(created_by) == shown


def test_a_hostile_command_takes_no_time() -> None:
    assert len(command_text("/" * 100_000 + " -c " * 10_000)) > 100_000
