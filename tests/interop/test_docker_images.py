"""An image that Docker built, seen by Docker and by layerscope, in every form it is stored in."""

from __future__ import annotations

import tarfile
from datetime import datetime
from pathlib import Path

import pytest

from tests.support import merged
from tests.support.merged import Rows, without
from tests.support.peers import Docker
from tests.support.program import Layerscope
from tests.support.real_images import FORMS, Forms

pytestmark = pytest.mark.interop

# What `docker create` puts into every container; the folders that hold it get a new time.
_OF_THE_CONTAINER = (
    *(".dockerenv", "dev/console", "dev/pts", "dev/shm", "proc", "sys"),
    *("etc/hostname", "etc/hosts", "etc/mtab", "etc/resolv.conf"),
)
_TOUCHED = ("dev", "etc")


def _of_the_image(rows: Rows) -> Rows:
    return without(rows, _OF_THE_CONTAINER, _TOUCHED)


@pytest.mark.parametrize("form", FORMS)
def test_tree_is_docker_export_entry_for_entry(
    layerscope: Layerscope, forms: Forms, exported: Path, form: str
) -> None:
    ours = merged.of_tree(layerscope.json("tree", forms.target(form)))
    theirs = merged.of_tar(exported)
    assert merged.differences(_of_the_image(ours), _of_the_image(theirs)) == []


@pytest.mark.parametrize("form", FORMS)
def test_layers_are_the_same_in_every_form(
    layerscope: Layerscope, forms: Forms, docker: Docker, form: str
) -> None:
    layers = layerscope.json("layers", forms.target(form))
    diff_ids = docker("inspect", "--format", '{{join .RootFS.Layers "\\n"}}', forms.name)
    assert [layer["diff_id"] for layer in layers] == diff_ids.split()


def test_layers_hold_what_their_tars_list(layerscope: Layerscope, forms: Forms) -> None:
    layers = layerscope.json("layers", str(forms.saved))
    image = forms.written()
    assert len(layers) == len(image.layers)
    for row, layer in zip(layers, image.layers, strict=True):
        with layer.tar.open() as stream, tarfile.open(fileobj=stream) as tar:
            files = [
                info.size
                for info in tar
                if not info.isdir() and not Path(info.name).name.startswith(".wh.")
            ]
        assert row["files"] == len(files), row
        assert row["blob_size"] == layer.blob.size, row


def test_history_is_docker_history(layerscope: Layerscope, forms: Forms, docker: Docker) -> None:
    layerscope("load", str(forms.saved))
    ours = layerscope.json("history", forms.name)
    columns = r"{{.CreatedAt}}\t{{.Size}}\t{{.CreatedBy}}\t{{.Comment}}"
    words = ("history", "--human=false", "--no-trunc", "--format", columns, forms.name)
    theirs = [line.split("\t") for line in docker(*words).splitlines()]
    assert [
        (_seconds(row["created"]), row["size"], row["created_by"], row["comment"] or "")
        for row in ours
    ] == [
        (_seconds(created), int(size), created_by, comment)
        for created, size, created_by, comment in theirs
    ]


def test_history_of_a_loaded_image_has_no_ids_below_its_top(
    layerscope: Layerscope, forms: Forms, docker: Docker
) -> None:
    layerscope("load", str(forms.saved))
    top, *rest = (row["id"] for row in layerscope.json("history", forms.name))
    assert top == docker("inspect", "--format", "{{.Id}}", forms.name).strip()
    assert set(rest) == {"<missing>"}


def test_images_is_docker_images(layerscope: Layerscope, forms: Forms, docker: Docker) -> None:
    layerscope("load", str(forms.saved))
    ours = {name: row for row in layerscope.json("images") for name in row["names"]}[forms.name]
    facts = docker("inspect", "--format", "{{.Id}} {{.Size}} {{.Created}}", forms.name).split()
    assert [ours["id"], str(ours["size"])] == facts[:2]
    assert _seconds(ours["created"]) == _seconds(facts[2])


def test_images_prints_what_docker_images_prints(
    layerscope: Layerscope, forms: Forms, docker: Docker
) -> None:
    layerscope("load", str(forms.saved))
    columns = r"{{.ID}} {{.Repository}} {{.Tag}} {{.Size}}"
    theirs = docker("images", "--format", columns, forms.name)
    ours = layerscope("images", "--format", columns)
    assert theirs.strip() in ours.splitlines()


def _seconds(time: str) -> int:
    return int(datetime.fromisoformat(time).timestamp())
