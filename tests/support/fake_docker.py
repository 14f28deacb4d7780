"""A stand-in for the Docker daemon: answers GETs over a unix socket with what it is given."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from sample_images.archives import Image

Answer = bytes | Callable[[BaseHTTPRequestHandler], None]


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    answers: dict[str, Answer]
    asked: list[str]
    is_gone = False


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def address_string(self) -> str:
        return "unix"

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        if self.server.is_gone:
            close_without_a_word(self)
            return
        self.server.asked.append(self.path)
        answer = self.server.answers.get(self.path)
        if callable(answer):
            answer(self)
        elif answer is None:
            body = json.dumps({"message": f"No such thing: {self.path}"}).encode()
            reply(self, body, 404)
        else:
            reply(self, answer)

    def _refuse(self) -> None:
        """Nothing here may be changed, and nobody may try."""
        self.server.asked.append(f"{self.command} {self.path}")
        reply(self, b"", 501)

    do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = _refuse  # noqa: N815 - as the base class finds them


def reply(handler: BaseHTTPRequestHandler, body: bytes, status: int = 200) -> None:
    """A whole answer."""
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def close_without_a_word(handler: BaseHTTPRequestHandler) -> None:
    """Hangs up."""
    handler.close_connection = True


@contextmanager
def fake_docker(path: Path, answers: dict[str, Answer]) -> Iterator[list[str]]:
    """The daemon at the socket ``path``; the list is of what it was asked."""
    with _Server(str(path), _Handler) as server:
        server.answers, server.asked = answers, []
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield server.asked
        finally:
            server.is_gone = True
            server.shutdown()
            thread.join()


def document(value: Any) -> bytes:
    """JSON."""
    return json.dumps(value).encode()


def answers_for(image: Image, saved: bytes, driver: str = "overlay2") -> dict[str, Answer]:
    """What a daemon elsewhere says of one image, whose archive is ``saved``."""
    config = json.loads(image.config.content if isinstance(image.config.content, bytes) else b"")
    identity = f"sha256:{image.config.sha256}"
    inspected = {
        "Id": identity,
        "RepoTags": list(image.names),
        "Created": config["created"],
        "Os": config["os"],
        "Architecture": config["architecture"],
        "Config": config["config"],
        "RootFS": {"Type": "layers", "Layers": config["rootfs"]["diff_ids"]},
        "Size": len(saved),
    }
    history = [
        {"Created": 1704164645, "CreatedBy": step["created_by"], "Size": 0 if empty else 7}
        for step in reversed(config["history"])
        for empty in [step.get("empty_layer", False)]
    ]
    listed = {"Id": identity, "RepoTags": list(image.names), "Created": 1704164645, "Size": 9}
    names = [*image.names, identity]
    return {
        "/info": document({"Driver": driver, "DockerRootDir": "/nowhere"}),
        "/images/json": document([listed]),
        f"/images/{identity}/history": document(history),
        f"/images/{identity}/get": saved,
        **{f"/images/{name}/json": document(inspected) for name in names},
    }
