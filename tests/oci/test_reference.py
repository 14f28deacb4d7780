"""Names as Docker reads and shows them."""

from __future__ import annotations

import pytest

from layerscope.oci.digest import Digest
from layerscope.oci.reference import InvalidReference, Reference

DIGEST = str(Digest.of(b"x"))


@pytest.mark.parametrize(
    ("text", "full", "familiar"),
    [
        ("alpine", "docker.io/library/alpine:latest", "alpine:latest"),
        ("alpine:3.19", "docker.io/library/alpine:3.19", "alpine:3.19"),
        ("docker.io/alpine", "docker.io/library/alpine:latest", "alpine:latest"),
        ("index.docker.io/alpine", "docker.io/library/alpine:latest", "alpine:latest"),
        ("docker.io/library/a/b", "docker.io/library/a/b:latest", "library/a/b:latest"),
        ("me/app", "docker.io/me/app:latest", "me/app:latest"),
        ("localhost/app", "localhost/app:latest", "localhost/app:latest"),
        ("localhost:5000/app:1", "localhost:5000/app:1", "localhost:5000/app:1"),
        ("ghcr.io/a/b-c__d.e", "ghcr.io/a/b-c__d.e:latest", "ghcr.io/a/b-c__d.e:latest"),
        ("[::1]:5000/a", "[::1]:5000/a:latest", "[::1]:5000/a:latest"),
        ("Host/a", "Host/a:latest", "Host/a:latest"),
        (f"a@{DIGEST}", f"docker.io/library/a@{DIGEST}", f"a@{DIGEST}"),
        (f"a:1@{DIGEST}", f"docker.io/library/a:1@{DIGEST}", f"a:1@{DIGEST}"),
    ],
)
def test_names_are_read_and_shown(text: str, full: str, familiar: str) -> None:
    reference = Reference.parse(text)
    assert (str(reference), reference.familiar) == (full, familiar)
    assert Reference.parse(str(reference)) == reference
    assert Reference.parse(familiar) == reference


@pytest.mark.parametrize(
    "text",
    ["", ":", "a:", "A", "a//b", "/a", "a/", "a b", "a:b:c", "a@sha256:1", "a\n", "-a", "a-", "a.",
     "a:" + "t" * 129, "a" * 256, "é", "a:é", "f" * 64, "../a", "a:x\x1b", "a@", "host:port/a",
     "a__-b"],
)  # fmt: skip
def test_what_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(InvalidReference):
        Reference.parse(text)


def test_an_address_is_no_name() -> None:
    with pytest.raises(InvalidReference) as caught:
        Reference.parse("https://registry.example/app:1")
    assert caught.value.hint == "the same without https://"
