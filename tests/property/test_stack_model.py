"""The stack of random layers is what a dictionary of paths makes of them."""

from __future__ import annotations

import tarfile
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from layerscope.archive.entry import Kind
from layerscope.index.change import Change
from layerscope.index.stack import StackView
from tests.support.layers import file, folder, stacks, tar

NAMES = st.sampled_from(["a", "b", "a.b", "c"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
Step = tuple[str, str, bytes]
STEPS = st.tuples(
    st.sampled_from(["file", "dir", "whiteout", "opaque"]), PATHS, st.sampled_from([b"1", b"22"])
)
LAYERS = st.lists(st.lists(STEPS, max_size=6), min_size=1, max_size=4)

Tree = dict[str, bytes | None]  # a file's content, None for a directory


def as_entry(step: Step) -> tuple[tarfile.TarInfo, bytes]:
    kind, path, data = step
    parent, _, name = path.rpartition("/")
    if kind == "file":
        return file(path, data)
    if kind == "dir":
        return folder(path)
    if kind == "opaque":
        return file(f"{path}/.wh..wh..opq")
    return file(f"{parent}/.wh.{name}".lstrip("/"))


def conflicts(steps: list[Step]) -> bool:
    """True if the layer puts something below its own file: no engine takes that."""
    files = {path for kind, path, _ in steps if kind == "file"}
    dirs = {path + "/" for kind, path, _ in steps if kind in ("dir", "opaque")}
    every = {path for _, path, _ in steps} | {path + "x" for path in dirs}
    return any(path.startswith(f + "/") for f in files for path in every) or any(
        f + "/" in dirs for f in files
    )


def remove(tree: Tree, path: str, *, itself: bool) -> None:
    for known in list(tree):
        if known.startswith(path + "/") or (itself and known == path):
            del tree[known]


def make_parents(tree: Tree, path: str) -> None:
    parts = path.split("/")[:-1]
    for n in range(1, len(parts) + 1):
        parent = "/".join(parts[:n])
        if tree.get(parent, b"") is not None:
            tree[parent] = None


def apply(tree: Tree, steps: list[Step]) -> None:
    for kind, path, _ in steps:
        if kind in ("whiteout", "opaque"):
            remove(tree, path, itself=kind == "whiteout")
    for kind, path, data in steps:
        make_parents(tree, path)
        if kind == "file":
            remove(tree, path, itself=True)
            tree[path] = data
        elif kind in ("dir", "opaque") and tree.get(path, b"") is not None:
            tree[path] = None


def seen(stack: StackView) -> Tree:
    rows = [r for r in range(1, len(stack)) if stack.change[r] != Change.REMOVED]
    return {
        stack.path(r).decode(): None if stack.kind(r) is Kind.DIR else b"12"[: stack.size(r)]
        for r in rows
    }


@settings(max_examples=300, deadline=None)
@given(LAYERS)
def test_the_stack_is_what_a_dictionary_makes_of_it(layers: list[list[Step]]) -> None:
    layers = [steps for steps in layers if not conflicts(steps)]
    tree: Tree = {}
    with tempfile.TemporaryDirectory() as tmp:
        tars = [tar([as_entry(step) for step in steps]) for steps in layers]
        for steps, stack in zip(layers, stacks(tars, Path(tmp)), strict=True):
            before = dict(tree)
            apply(tree, steps)
            shown = {path: data and b"12"[: len(data)] for path, data in tree.items()}
            assert seen(stack) == shown
            gone = {
                stack.path(r).decode()
                for r in range(len(stack))
                if stack.change[r] == Change.REMOVED
            }
            assert gone == before.keys() - tree.keys()
