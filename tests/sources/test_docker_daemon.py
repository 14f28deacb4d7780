"""Images of a daemon that is elsewhere, or that isn't what it should be."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from layerscope.errors import LayerscopeError
from layerscope.oci.document import Document, InvalidDocument
from layerscope.progress import Silent
from layerscope.sources.docker_daemon.address import (
    DEFAULT,
    BadAddress,
    find_address,
    parse_address,
)
from layerscope.sources.docker_daemon.client import DockerClient, DockerRefused, NoDaemon
from layerscope.sources.docker_daemon.image import open_docker_daemon
from layerscope.sources.docker_daemon.told import told_config
from layerscope.sources.image import NotAnImage
from layerscope.sources.load import load_image
from layerscope.sources.opened import OpenImage
from layerscope.sources.target import open_target
from layerscope.store.store import Store
from layerscope.usecases.foreign import foreign_images
from sample_images.archives import write_docker_archive, write_saved_by_docker_25
from tests.support.fake_docker import (
    Answer,
    answers_for,
    close_without_a_word,
    document,
    fake_docker,
    reply,
)
from tests.support.images import image
from tests.support.ordinary_user import as_ordinary_user, their_directory

IMAGE = image("example/web:1")


def saved() -> bytes:
    out = io.BytesIO()
    write_docker_archive(out, [IMAGE])
    return out.getvalue()


@pytest.fixture
def answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Answer]]:
    """What the daemon that DOCKER_HOST names answers; tests change it."""
    given = answers_for(IMAGE, saved())
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/docker.sock")
    monkeypatch.setenv("CONTAINERS_STORAGE_CONF", os.devnull)
    with fake_docker(tmp_path / "docker.sock", given):
        yield given


ID = f"sha256:{IMAGE.config.sha256}"
GET = f"/images/{ID}/get"


# -- documents first, layers when they are opened ------------------------------------------------


def test_documents_come_before_layers(answers: dict[str, Answer], store: Store) -> None:
    del answers[GET]
    found = open_target("docker-daemon:example/web:1", store)
    assert str(found.id) == ID
    assert found.names == ("example/web:1",)
    assert [step.layer for step in found.config.steps] == [0, 1, None]
    assert found.config.config.cmd == ("sh",)
    with pytest.raises(DockerRefused, match="No such thing"):
        found.layers[0].open()


def test_layers_are_fetched_once(answers: dict[str, Answer], tmp_path: Path, store: Store) -> None:
    with fake_docker(tmp_path / "other.sock", answers) as asked:
        client = DockerClient(parse_address(f"unix://{tmp_path}/other.sock"))
        opened = OpenImage(open_docker_daemon(ID, store, Silent(), client), store)
        opened.read_all()
        top = opened.need_stack(None)
        row = top.find(b"etc/motd")
        assert row is not None
        assert b"".join(opened.read_file(top, row)) == b"changed"
        assert asked.count(GET) == 1


def test_what_is_loaded_has_the_exact_config(answers: dict[str, Answer], store: Store) -> None:
    loaded = load_image(open_target("docker-daemon:example/web:1", store), store)
    assert str(loaded.image.id) == ID
    assert loaded.image.names == ("example/web:1",)


def test_the_archive_of_a_containerd_store(
    answers: dict[str, Answer], tmp_path: Path, store: Store
) -> None:
    """Its ID is a manifest's, its layers are compressed in what it saves."""
    out = io.BytesIO()
    write_saved_by_docker_25(out, [IMAGE])
    manifest = f"sha256:{hashlib.sha256(b'manifest').hexdigest()}"
    inspected = json.loads(bytes(answers["/images/example/web:1/json"]))  # type: ignore[arg-type]
    answers["/images/example/web:1/json"] = document(
        {**inspected, "Id": manifest, "Descriptor": {"digest": manifest}}
    )
    answers["/info"] = document({"Driver": "overlayfs", "DockerRootDir": str(tmp_path)})
    answers[f"/images/{manifest}/history"] = answers[f"/images/{ID}/history"]
    answers[f"/images/{manifest}/get"] = out.getvalue()
    found = open_target("docker-daemon:example/web:1", store)
    assert str(found.id) == manifest
    OpenImage(found, store).read_all()
    assert str(load_image(found, store).image.id) == ID


def test_what_breaks_off_is_fetched_anew(answers: dict[str, Answer], store: Store) -> None:
    found = open_target("docker-daemon:example/web:1", store)
    whole = answers[GET]
    answers[GET] = saved()[:5000]
    with pytest.raises(LayerscopeError, match="saves is damaged"):
        found.layers[0].open()

    def too_short(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "999999")
        handler.end_headers()
        handler.wfile.write(b"x" * 600)
        handler.close_connection = True

    answers[GET] = too_short
    with pytest.raises(NoDaemon, match="breaks off"):
        found.layers[0].open()
    answers[GET] = whole
    assert found.layers[0].open().read(5) == b"etc/\0"


# -- a history that doesn't say which steps made layers ------------------------------------------


def told(layers: int, rows: list[tuple[str, int]]) -> list[bool] | None:
    """Which steps are empty; rows are oldest first."""
    rootfs = {"Layers": [f"sha256:{number:064x}" for number in range(layers)]}
    inspected = Document({"RootFS": rootfs}, "inspect")
    history = [Document({"CreatedBy": by, "Size": size}, "history") for by, size in reversed(rows)]
    config = told_config(inspected, history)
    return None if config is None else [step.empty_layer for step in config.history]


def test_steps_without_bytes() -> None:
    nop = "/bin/sh -c #(nop) "
    assert told(1, [("RUN make", 5), (f"{nop} CMD [x]", 0)]) == [False, True]
    assert told(2, [("RUN make", 5), ("RUN touch x", 0), ("CMD x", 0)]) == [False, False, True]
    assert told(1, [("RUN make", 5), (f"{nop}WORKDIR /", 0), ("ENV a=b", 0)]) == [False, True, True]
    assert told(2, [("RUN make", 5), ("RUN touch x", 0), ("RUN true", 0)]) is None
    assert told(0, []) == []
    assert told(2, []) == []


def test_an_ambiguous_history_is_fetched_with_the_image(
    answers: dict[str, Answer], store: Store
) -> None:
    rows = [{"CreatedBy": "RUN x", "Size": 0, "Created": 1}] * 3
    answers[f"/images/{ID}/history"] = document(rows)
    found = open_target("docker-daemon:example/web:1", store)
    assert found.whole is None
    assert str(found.id) == ID


# -- daemons that are none -----------------------------------------------------------------------


def garbage(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"\x00\xff not HTTP\r\n" * 50)
    handler.close_connection = True


def endless(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    try:
        while True:
            handler.wfile.write(b"[" * (1 << 20))
    except OSError:
        handler.close_connection = True


def dripping(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    try:
        for _ in range(1000):
            handler.wfile.write(b" ")
            time.sleep(0.05)
    except OSError:
        handler.close_connection = True


def failing(handler: BaseHTTPRequestHandler) -> None:
    reply(handler, b'{"message": "out of \\u001b[31m order"}', 500)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (garbage, "what answers is no Docker"),
        (close_without_a_word, "breaks off|no Docker|reset"),
        (endless, "longer than"),
        (dripping, "in time"),
        (failing, "out of"),
        (b"", "empty"),
        (b"nonsense", "no JSON"),
        (b'{"Id": 5}', "no JSON list"),
        (b'[{"Id": 5}]', "'Id'"),
        (b'[{"Id": "sha256:zz"}]', "digits"),
        (b'[{"Id": "../../etc"}]', "digest"),
    ],
)
def test_each_is_one_line_and_soon(
    answers: dict[str, Answer], tmp_path: Path, answer: Answer, why: str
) -> None:
    answers["/images/json"] = answer
    heard: list[LayerscopeError] = []
    began = time.monotonic()
    assert foreign_images(heard.append) == []
    assert time.monotonic() - began < 3
    (error,) = heard
    assert re.search(why, str(error))


@pytest.mark.parametrize("identity", ["5", '"sha256:zz"', "null", '"../x"'])
def test_an_inspect_that_lies_is_one_line(
    answers: dict[str, Answer], store: Store, identity: str
) -> None:
    answers["/images/x/json"] = b'{"Id": ' + identity.encode() + b"}"
    with pytest.raises(LayerscopeError):
        open_target("docker-daemon:x", store)


@pytest.mark.parametrize("name", ["nothing", "a b", "a\nb: c", "\udcff", "ü", "x" * 9000, "?a=b"])
def test_what_it_lacks_is_one_line(answers: dict[str, Answer], store: Store, name: str) -> None:
    with pytest.raises((NotAnImage, DockerRefused, NoDaemon)):
        open_target(f"docker-daemon:{name}", store)


def test_no_name_is_a_usage_error(store: Store) -> None:
    with pytest.raises(LayerscopeError, match="names no image"):
        open_target("docker-daemon:", store)


@pytest.mark.skipif(os.geteuid() != 0, reason="gives up root")
def test_who_may_not_talk_to_it_is_told_so() -> None:
    with their_directory() as folder, fake_docker(folder / "docker.sock", {}):
        (folder / "docker.sock").chmod(0o600)
        os.chown(folder / "docker.sock", 0, 0)

        def ask() -> None:
            address = parse_address(f"unix://{folder}/docker.sock")
            with pytest.raises(NoDaemon, match="may not talk to it") as caught:
                DockerClient(address).document("/info")
            assert "group docker" in (caught.value.hint or "")

        assert as_ordinary_user(ask) == ""


# -- where it is ---------------------------------------------------------------------------------


def context(folder: Path, name: str, host: str) -> None:
    """A docker context, as `docker context create` writes it."""
    key = hashlib.sha256(name.encode()).hexdigest()
    meta = folder / "contexts" / "meta" / key
    meta.mkdir(parents=True)
    ends = {"docker": {"Host": host, "SkipTLSVerify": False}}
    (meta / "meta.json").write_bytes(document({"Name": name, "Endpoints": ends}))


def test_the_address_is_docker_s(tmp_path: Path) -> None:
    config = {"DOCKER_CONFIG": str(tmp_path)}
    assert find_address(config).text == DEFAULT
    context(tmp_path, "other", "unix:///other.sock")
    context(tmp_path, "third", "tcp://third:99")
    (tmp_path / "config.json").write_bytes(document({"currentContext": "other"}))
    assert find_address(config).socket == "/other.sock"
    assert find_address({**config, "DOCKER_CONTEXT": "third"}).port == 99
    assert find_address({**config, "DOCKER_CONTEXT": "default"}).text == DEFAULT
    host = {"DOCKER_HOST": "tcp://[::1]:4", "DOCKER_CONTEXT": "third"}
    assert find_address({**config, **host}).host == "::1"
    with pytest.raises(BadAddress, match="there is none"):
        find_address({**config, "DOCKER_CONTEXT": "../../x"})


def test_certificates(tmp_path: Path) -> None:
    said = {"DOCKER_HOST": "tcp://far", "DOCKER_CONFIG": str(tmp_path)}
    assert find_address(said).certificates is None
    assert find_address(said).port == 2375
    verified = find_address({**said, "DOCKER_TLS_VERIFY": "1"})
    assert (verified.port, verified.certificates and verified.certificates.verify) == (2376, True)


@pytest.mark.parametrize(
    "text", ["ssh://host", "npipe:////./pipe/x", "nonsense", "unix://", "tcp://", "tcp://a:b", ""]
)
def test_other_addresses_are_one_line(text: str) -> None:
    with pytest.raises(BadAddress):
        parse_address(text)


def test_a_broken_config_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(InvalidDocument):
        find_address({"DOCKER_CONFIG": str(tmp_path)})
