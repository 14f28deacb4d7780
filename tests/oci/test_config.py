"""Image configs: read, written, and their history joined to the layers."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from layerscope.oci.config import ImageConfig
from layerscope.oci.digest import Digest
from layerscope.oci.document import InvalidDocument
from layerscope.oci.history import History, Step, steps
from layerscope.oci.platform import Platform
from layerscope.oci.runtime_config import RuntimeConfig

A, B = Digest.of(b"a"), Digest.of(b"b")
RUN, EMPTY = History(created_by="RUN x"), History(created_by="CMD y", empty_layer=True)

DOCKER: dict[str, Any] = {
    "architecture": "arm64",
    "variant": "v8",
    "os": "linux",
    "created": "2024-01-31T00:00:00.123456789Z",
    "docker_version": "20.10.24",
    "config": {
        "Hostname": "h",
        "User": "1000",
        "ExposedPorts": {"80/tcp": {}},
        "Env": ["PATH=/bin"],
        "Cmd": None,
        "Entrypoint": ["/app"],
        "Volumes": {"/data": {}},
        "WorkingDir": "/",
        "Labels": {"k": "v"},
        "OnBuild": None,
        "Healthcheck": {"Test": ["NONE"]},
    },
    "rootfs": {"type": "layers", "diff_ids": [str(A), str(B)]},
    "history": [{"created_by": "RUN x"}, {"created_by": "CMD y", "empty_layer": True}],
}


def test_a_docker_config_is_read() -> None:
    config = ImageConfig.parse(json.dumps(DOCKER).encode())
    assert config.platform == Platform("linux", "arm64", "v8")
    assert config.diff_ids == (A, B)
    assert config.history == (RUN, EMPTY)
    runtime = config.config
    assert (runtime.entrypoint, runtime.cmd, runtime.env) == (("/app",), (), ("PATH=/bin",))
    assert (runtime.volumes, runtime.exposed_ports) == (("/data",), ("80/tcp",))
    assert (runtime.labels, runtime.user) == ({"k": "v"}, "1000")
    assert runtime.healthcheck == {"Test": ["NONE"]}


def test_unknown_keys_survive_a_change() -> None:
    config = ImageConfig.parse(json.dumps(DOCKER).encode())
    changed = replace(config, author="me", config=config.config._replace(user=""))
    values = json.loads(changed.to_bytes())
    assert values["docker_version"] == "20.10.24"
    assert values["author"] == "me"
    assert values["config"]["Hostname"] == "h"
    assert "User" not in values["config"]
    assert ImageConfig.parse(changed.to_bytes()) == changed


def test_a_new_config_is_written_and_read() -> None:
    runtime = RuntimeConfig(cmd=("sh",), labels={"a": "b"})
    config = ImageConfig((A,), Platform("linux", "amd64"), config=runtime, history=(RUN,))
    assert ImageConfig.parse(config.to_bytes()) == config


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"rootfs": {"type": "other"}},
        {"rootfs": {"diff_ids": [1]}},
        {"rootfs": {}, "history": {}},
        {"rootfs": {}, "config": {"Env": "PATH=/"}},
        {"rootfs": {}, "created": 5},
    ],
)
def test_what_is_no_config_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(InvalidDocument):
        ImageConfig.parse(json.dumps(values).encode())


@pytest.mark.parametrize(
    ("history", "layers", "joined"),
    [
        ((), 0, ()),
        ((), 2, (Step(None, 0), Step(None, 1))),
        ((RUN, EMPTY, RUN), 2, (Step(RUN, 0), Step(EMPTY, None), Step(RUN, 1))),
        ((RUN,), 2, (Step(RUN, 0), Step(None, 1))),
        ((EMPTY,), 1, (Step(EMPTY, None), Step(None, 0))),
        ((RUN, RUN), 1, (Step(RUN, 0), Step(RUN, None))),
    ],
)
def test_history_is_joined_to_layers(
    history: tuple[History, ...], layers: int, joined: tuple[Step, ...]
) -> None:
    assert steps(history, layers) == joined
