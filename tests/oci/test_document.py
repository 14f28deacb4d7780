"""Documents from strangers: each fault is one clear error, never another exception."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerscope.errors import LayerscopeError
from layerscope.oci.config import ImageConfig
from layerscope.oci.document import MAX_BYTES, Document, InvalidDocument
from layerscope.oci.manifest import ImageIndex, Manifest

TEXT = st.text("ab:/\n\x1b\ud800", max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner),
    max_leaves=12,
)
KEYS = ("schemaVersion", "mediaType", "config", "layers", "manifests", "digest", "size")
DOCUMENTS = st.dictionaries(st.sampled_from([*KEYS, "rootfs", "history", "annotations"]), JSON)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "it is empty"),
        (b" \n", "it is empty"),
        (b"{", "it is no JSON"),
        (b"[]", "it is no JSON object"),
        (b"\xff\xfe", "it is no JSON"),
        (b'{"a": NaN}', "it is no JSON"),
        (b"[" * 200_000, "nested too deeply"),
        (b'{"o":' + b"[" * 900 + b'"\\ud800"' + b"]" * 900 + b"}", "nested too deeply"),
        (b'{"a": ' + b"9" * 6000 + b"}", "it is no JSON"),
        (b" " * (MAX_BYTES + 1), "it is larger than"),
        (b'{"o": [' + b"{}," * 200_000 + b"{}]}", "'o' lists more than"),
    ],
)
def test_what_is_no_document_is_told_in_a_line(data: bytes, why: str) -> None:
    with pytest.raises(InvalidDocument, match=why) as caught:
        Document.parse(data, "thing").children("o")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


def test_fields_of_a_wrong_type_are_refused() -> None:
    document = Document.parse(b'{"t": 1, "s": -1, "l": [1], "m": {"a": 1}, "o": []}', "thing")
    for read in (
        lambda: document.text("t"),
        lambda: document.size("s"),
        lambda: document.texts("l"),
        lambda: document.mapping("m"),
        lambda: document.child("o"),
        lambda: document.children("m"),
        lambda: document.names("l"),
        lambda: document.flag("t"),
    ):
        with pytest.raises(InvalidDocument, match=r"thing: its '.'"):
            read()


@pytest.mark.parametrize("size", ["-1", "1e3", "true", '"7"', "null", "4611686018427387904"])
def test_a_size_is_a_number_of_bytes(size: str) -> None:
    with pytest.raises(InvalidDocument, match="no size"):
        Document.parse(b'{"size": %s}' % size.encode(), "thing").size("size")


@pytest.mark.parametrize("size", ["-1", "1e3", "true", '"7"', "null", "9" * 400])
def test_another_size_may_stand_for_what_is_none(size: str) -> None:
    document = Document.parse(b'{"bad": %s, "good": 5}' % size.encode(), "thing")
    assert [document.size_or(key, 7) for key in ("bad", "good", "none")] == [7, 5, 7]


def test_a_path_has_no_nul_byte() -> None:
    document = Document.parse(b'{"bad": "/a\\u0000b", "good": "/a"}', "thing")
    assert (document.path("good"), document.path("none", "")) == ("/a", "")
    with pytest.raises(InvalidDocument, match="'bad' is no path"):
        document.path("bad")


def test_null_counts_as_missing() -> None:
    document = Document.parse(b'{"a": null}', "thing")
    assert document.texts("a") == () == document.names("a")
    assert document.mapping("a") == {}
    assert document.child("a") is None


def test_lone_surrogates_can_be_shown() -> None:
    document = Document.parse(rb'{"a": "x\ud800y", "b": ["\udfff"], "c": "\ud83d\ude00"}', "thing")
    assert document.text("a") == "x?y"
    assert document.texts("b") == ("?",)
    assert document.text("c") == "\N{GRINNING FACE}"


@given(DOCUMENTS)
def test_no_document_raises_anything_else(values: dict[str, object]) -> None:
    data = json.dumps(values).encode()
    for parse in (Manifest.parse, ImageIndex.parse, ImageConfig.parse):
        with contextlib.suppress(LayerscopeError):
            parse(data)
