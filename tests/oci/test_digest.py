"""Digests cannot be invalid."""

from __future__ import annotations

import pytest

from layerscope.oci.chain import chain_ids
from layerscope.oci.digest import Digest, InvalidDigest

HEX = "0" * 63 + "a"


def test_a_digest_reads_and_shows_itself() -> None:
    digest = Digest.parse(f"sha256:{HEX}")
    assert (digest.algorithm, digest.hex, digest.short) == ("sha256", HEX, "0" * 12)
    assert str(digest) == f"sha256:{HEX}"


def test_of_hashes_with_sha256() -> None:
    assert Digest.of(b"").short == "e3b0c44298fc"


def test_sha512_is_known() -> None:
    assert Digest.parse("sha512:" + "a" * 128).algorithm == "sha512"


@pytest.mark.parametrize(
    "text",
    ["", "sha256", HEX, f"md5:{HEX}", f"sha256:{HEX}a", f"sha256:{HEX.upper()}", "sha256:../" * 9],
)
def test_what_is_no_digest_is_refused(text: str) -> None:
    with pytest.raises(InvalidDigest):
        Digest.parse(text)


def test_chain_ids_follow_the_spec() -> None:
    a, b, c = (Digest.of(bytes([n])) for n in range(3))
    second = Digest.of(f"{a} {b}".encode())
    assert chain_ids([a, b, c]) == (a, second, Digest.of(f"{second} {c}".encode()))
    assert chain_ids([]) == ()
