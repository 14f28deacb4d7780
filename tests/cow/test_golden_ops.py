"""68 recorded cases: results, tree, sizes, change list, the layer as kernel and Docker make it."""

from __future__ import annotations

import functools
import hashlib
import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from layerscope.accounting.changes import change_list
from layerscope.accounting.ledger import Ledger
from layerscope.accounting.sizes import SizeModel, Usage, layer_usage
from layerscope.archive.overlay import Form
from layerscope.cow.commit import commit_layer
from layerscope.cow.engine import Engine
from layerscope.cow.form import detect_form
from layerscope.cow.lower import Lower
from layerscope.cow.ops import Language, run_ops
from layerscope.oci.whiteout import ReservedName
from tests.support.containers import container, indexed, is_root, unpack
from tests.support.golden_ops import (
    OPS,
    Case,
    base_tars,
    described_tree,
    described_upper,
    ops_cases,
    same_description,
    wanted_upper,
)

Layers = list[Path] | Lower

_TYPES = {
    tarfile.REGTYPE: "file",
    tarfile.DIRTYPE: "dir",
    tarfile.SYMTYPE: "symlink",
    tarfile.LNKTYPE: "hardlink",
    tarfile.CHRTYPE: "char",
    tarfile.FIFOTYPE: "fifo",
}
# What an ordinary user's inodes and xattrs can't hold, and why.
NEEDS_ROOT = {
    "chown-symlink": "no xattr may stand on a symlink, so its owner can't be kept without root",
    "setxattr-overlay-private": "trusted.* xattrs can't be written without root",
}


@pytest.fixture(scope="module", params=["unpacked", "indexed"])
def bases(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Layers]:
    """The base images, in both kinds of lower layers."""
    root = tmp_path_factory.mktemp("bases")
    form = detect_form(root)
    if request.param == "indexed":
        return {base: indexed(base_tars(base), root / base) for base in ("one", "three")}
    return {base: unpack(base_tars(base), root / base, form) for base in ("one", "three")}


def run_case(case: Case, engine: Engine) -> list[str]:
    """The results of the case's operations; what a mount holds isn't in the layer."""
    for target in case.mounts:
        parts = target.strip("/").split("/")
        for depth in range(1, len(parts) + 1):
            path = ("/" + "/".join(parts[:depth])).encode()
            if not engine.exists(path):
                engine.mkdir(path, 0o755)
    ops = [op for op in case.ops if not op.get("path", "").startswith(tuple(case.mounts) or "\0")]
    results = run_ops(engine, ops, Language.CALLS)
    return [result.result for result in results]


@pytest.mark.parametrize("case", ops_cases(), ids=lambda case: case.name)
def test_case(case: Case, bases: dict[str, Layers], tmp_path: Path) -> None:
    if case.name in NEEDS_ROOT and not is_root():
        pytest.skip(NEEDS_ROOT[case.name])
    check_case(case, bases[case.base], tmp_path / "container")


def check_case(case: Case, layers: Layers, directory: Path, form: Form | None = None) -> None:
    """Run one case and compare everything that it recorded; in another form than the best one,
    all but what the layer's directory itself holds."""
    wanted = case.expected
    with container(layers, directory, form) as engine:
        ledger = Ledger(engine)
        results = run_case(case, engine)
        assert results == wanted["results"][: len(results)]
        assert ledger.size == wanted["size_rw"]
        assert layer_usage(directory / "upper").size == wanted["size_rw"]
        check_tree(case, engine)
        changes = change_list(engine).changes
        diff = [[change.kind.value, change.path.decode()] for change in changes]
        assert sorted(diff, key=lambda line: line[1]) == diff
        assert diff == sorted(wanted["diff"], key=lambda line: line[1])
        check_commit(case, engine)
    if is_root() and form is None:
        assert described_upper(directory / "upper") == wanted_upper(wanted["kernel_upper"])
        check_blocks(case, layers, directory)


def check_blocks(case: Case, layers: Layers, directory: Path) -> None:
    """The containerd model, on the file system that it was recorded on. A copy out of a blob has
    no file handle to note, so it can be a block smaller than one of an unpacked file."""
    if isinstance(layers, list) and _on_ext4(directory):
        usage = layer_usage(directory / "upper", SizeModel.CONTAINERD)
        assert usage.size == case.expected["upper_disk_usage_ext4"]
        snapshot = json.loads((OPS / "containerd_usage_ext4.json").read_bytes()).get(case.name)
        if snapshot is not None:
            assert usage == Usage(snapshot["usage_bytes"], snapshot["usage_inodes"])


@functools.cache
def _on_ext4(directory: Path) -> bool:
    mounts = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    around = [(len(at), kind) for _, at, kind, *_ in mounts if str(directory).startswith(at)]
    return max(around)[1] == "ext4"


def check_tree(case: Case, engine: Engine) -> None:
    """The merged tree."""
    if "tree" not in case.expected or case.name == "sparse-new":
        return
    mine = described_tree(engine, case.mounts)
    theirs = case.expected["tree"]
    assert [entry["path"] for entry in mine] == [entry["path"] for entry in theirs]
    for one, other in zip(mine, theirs, strict=True):
        assert same_description(one, other), (one, other)


def check_commit(case: Case, engine: Engine) -> None:
    """The layer tar, entry by entry."""
    commit = case.expected.get("commit") or {}
    out = io.BytesIO()
    if "save_error" in commit:
        with pytest.raises(ReservedName):
            commit_layer(engine, out)
        return
    if case.name == "sparse-new":
        return
    commit_layer(engine, out)
    again = io.BytesIO()
    commit_layer(engine, again)
    assert out.getvalue() == again.getvalue()
    mine = tar_entries(out.getvalue())
    theirs = [_wanted_entry(entry) for entry in commit.get("layer_entries") or []]
    assert [entry["name"] for entry in mine] == [entry["name"] for entry in theirs]
    for one, other in zip(mine, theirs, strict=True):
        assert {key: one.get(key) for key in other} == other


def _wanted_entry(entry: dict[str, Any]) -> dict[str, Any]:
    entry = {**entry, "mode": f"{int(entry['mode'], 8) & 0o7777:04o}"}
    if ".wh." in entry["name"]:
        # Docker leaves a link's name in the header of some of these files.
        entry.pop("linkname", None)
    return entry


def tar_entries(tar: bytes) -> list[dict[str, Any]]:
    """A layer tar, described as the cases describe theirs."""
    entries: list[dict[str, Any]] = []
    with tarfile.open(fileobj=io.BytesIO(tar)) as archive:
        for member in archive:
            entry: dict[str, Any] = {
                "name": member.name,
                "type": _TYPES[member.type],
                "mode": f"{member.mode:04o}",
                "uid": member.uid,
                "gid": member.gid,
                "size": member.size if member.isreg() else 0,
                "mtime": int(member.mtime),
                "linkname": member.linkname,
                "dev": [member.devmajor, member.devminor],
            }
            if member.isreg() and member.size:
                data = archive.extractfile(member)
                assert data is not None
                entry["sha256"] = hashlib.sha256(data.read()).hexdigest()
            elif member.isreg():
                entry["sha256"] = hashlib.sha256(b"").hexdigest()
            entries.append(entry)
    return entries
