"""Members of an archive by name; links lead from member to member and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from layerscope.oci.document import MAX_BYTES
from layerscope.sources.image import NotAnImage
from layerscope.sources.members import Members, TooManyMembers
from tests.support.images import write_tar


def members(
    tmp_path: Path,
    *names: str,
    symlinks: Mapping[str, str] | None = None,
    hardlinks: Mapping[str, str] | None = None,
) -> Members:
    data = {name: name.encode() for name in names}
    path = write_tar(tmp_path / "tar", data, symlinks=symlinks, hardlinks=hardlinks)
    return Members("archive", path)


@pytest.mark.parametrize("name", ["a/b", "./a/b", "/a/b", "a//b", "a/./b", "a/c/../b"])
def test_names_are_cleaned_on_both_sides(tmp_path: Path, name: str) -> None:
    assert members(tmp_path, name).read("a/b") == name.encode()
    assert members(tmp_path, "a/b").read(name) == b"a/b"


def test_names_cannot_lead_out(tmp_path: Path) -> None:
    inside = members(tmp_path, "../../etc/passwd")
    assert inside.read("etc/passwd") == b"../../etc/passwd"
    assert inside.read("../../../etc/passwd") == b"../../etc/passwd"
    assert inside.find("/etc/shadow") is None


def test_links_are_followed(tmp_path: Path) -> None:
    found = members(
        tmp_path,
        "one/layer.tar",
        symlinks={"two/layer.tar": "../one/layer.tar", "three/layer.tar": "../two/layer.tar"},
        hardlinks={"four": "one/layer.tar"},
    )
    for name in ("two/layer.tar", "three/layer.tar", "four"):
        assert found.read(name) == b"one/layer.tar"


@pytest.mark.parametrize(
    "links",
    [
        {"a": "a"},
        {"a": "b", "b": "c", "c": "a"},
        {f"{n}": f"{n + 1}" for n in range(100)} | {"a": "0"},
    ],
)
def test_links_in_a_circle_are_told(tmp_path: Path, links: dict[str, str]) -> None:
    with pytest.raises(NotAnImage, match="is a link in a circle"):
        members(tmp_path, symlinks=links).read("a")


def test_a_link_out_of_the_archive_leads_nowhere(tmp_path: Path) -> None:
    found = members(tmp_path, symlinks={"a": "/etc/passwd", "b": "../../../../etc/passwd"})
    assert found.find("a") is None
    with pytest.raises(NotAnImage, match="'b' is missing"):
        found.read("b")


def test_the_last_of_one_name_counts(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "tar", {"a": b"first", "./a": b"second"})
    assert Members("archive", path).read("a") == b"second"
    path = write_tar(tmp_path / "tar", {"a": b"first", "b": b"other"}, symlinks={"a": "b"})
    assert Members("archive", path).read("a") == b"other"


def test_huge_documents_are_not_read(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "tar", {"manifest.json": bytes(MAX_BYTES + 1)})
    with pytest.raises(NotAnImage, match="is larger than"):
        Members("archive", path).read("manifest.json")


def test_too_many_members_are_told(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "tar", {str(n): b"" for n in range(11)})
    with pytest.raises(TooManyMembers, match="more than 10 members"):
        Members("archive", path, limit=10)
