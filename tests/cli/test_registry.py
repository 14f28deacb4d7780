"""``pull``, ``push`` and ``docker://`` as a person types them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from layerscope.sources.registry.patience import Patience
from layerscope.store.fsck import fsck
from layerscope.store.store import Store
from tests.support.command import Cli
from tests.support.fake_registry import FakeRegistry, Handler, answer, fake_registry
from tests.support.images import BASE, docker_members, image, write_tar
from tests.support.registries import BLOB, IMAGE, ZIPPED

HASTY = Patience(connect=5, silence=20, commit=5, tries=2, pause=0.01, longest=0.05)


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeRegistry]:
    """A registry with one image, and nobody logged in."""
    for name in ("DOCKER_CONFIG", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    monkeypatch.setattr("layerscope.sources.registry.client.Patience", lambda: HASTY)
    with fake_registry() as registry:
        registry.add("team/app", "1", IMAGE)
        yield registry


def test_pull_says_what_it_brought(cli: Cli, registry: FakeRegistry) -> None:
    name = f"{registry.address}/team/app:1"
    done = cli.ok("pull", name)
    size = IMAGE.config.size + IMAGE.manifest.size + len(BASE) + ZIPPED.blob.size
    assert done == {
        "id": f"sha256:{IMAGE.config.sha256}",
        "names": [name],
        "layers": 2,
        "blobs_added": 4,
        "bytes_added": size,
        "blobs_shared": 0,
    }
    again = cli("pull", f"docker://{name}", "-t", "mine:1")
    assert again.out == f"Pulled {name}, mine:1 (2 layers; 0 blobs, 0B added, 4 shared)\n"
    assert [one["names"] for one in cli.ok("images")] == [[name, "mine:1"]]


def test_push_says_what_it_sent(cli: Cli, registry: FakeRegistry, tmp_path: Path) -> None:
    made = image("web:1")
    cli.ok("load", str(write_tar(tmp_path / "web.tar", docker_members(made))))
    done = cli.ok("push", "web:1", f"{registry.address}/team/web")
    assert done["names"] == [f"{registry.address}/team/web:latest"]
    assert (done["layers"], done["blobs_added"], done["blobs_shared"]) == (2, 4, 0)
    again = cli("push", "web:1", f"{registry.address}/team/web:2")
    assert again.out.endswith("(2 layers; 0 blobs, 0B added, 4 shared)\n")
    assert registry.manifests["team/web", "2"] == registry.manifests["team/web", "latest"]


@pytest.mark.parametrize("words", [["pull"], ["load"]], ids=["pull", "load"])
def test_what_is_pulled_and_pushed_stays_the_same(
    cli: Cli, registry: FakeRegistry, words: list[str]
) -> None:
    cli.ok(*words, f"docker://{registry.address}/team/app:1", "-t", "mine:1")
    cli.ok("push", "mine:1", f"{registry.address}/other:7")
    assert registry.manifests["other", "7"] == registry.manifests["team/app", "1"]
    assert registry.count("POST .*mount=.*from=team%2Fapp") == 3
    assert registry.count("PATCH") == 0


def test_every_verb_looks_into_a_registry(cli: Cli, registry: FakeRegistry) -> None:
    target = f"docker://{registry.address}/team/app:1"
    assert cli.ok("layers", target)[0]["size"] == 5007
    assert cli.ok("history", target)[0]["created_by"] == 'CMD ["sh"]'
    assert cli("cat", target, "small").out == "small"
    assert "/small" in [row["path"] for row in cli.ok("tree", target)]
    cli.ok("analyze", target)
    assert cli.ok("images") == []
    assert registry.sent[BLOB] == ZIPPED.blob.size
    pulled = f"{registry.address}/team/app:1"
    cli.ok("pull", pulled)
    assert cli.ok("layers", pulled) == cli.ok("layers", target)


@pytest.mark.parametrize(
    ("words", "code", "line"),
    [
        (["pull"], 2, "pull: the following arguments are required: REF"),
        (["pull", "a b"], 2, "'a b': it is no image name"),
        (["pull", "HERE/nothing:1"], 1, "HERE/nothing:1: the registry has no such thing"),
        (["pull", "HERE/team/app:2"], 1, "HERE/team/app:2: the registry has no such thing"),
        (["pull", "HERE/team/app:1", "-t", "BAD"], 2, "'BAD': it is no image name"),
        (["pull", "HERE/team/app:1", "--platform", "x"], 2, "platform 'x': it isn't os/arch"),
        (["pull", "HERE/team/app:1", "--platform", "linux/s390x"], 1, "nothing for linux/s390x"),
        (["pull", "127.0.0.1:1/x"], 1, "127.0.0.1:1: nothing answers there"),
        (["pull", "--insecure", "127.0.0.1:1/x"], 1, "127.0.0.1:1: nothing answers there"),
        (["pull", "nobody.invalid/x"], 1, "nobody.invalid: there is no such host"),
        (["push", "nothing", "HERE/x"], 1, "'nothing': there is no such image in the store"),
        (["push", "mine:1", "HERE/x:y:z"], 2, "its tag or name is not allowed"),
        (["push", "mine:1", "127.0.0.1:1/x"], 1, "127.0.0.1:1: nothing answers there"),
        (["layers", "docker://HERE/nothing"], 1, "HERE/nothing:latest: the registry has no such"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else "",
)
def test_what_fails_is_one_line(
    cli: Cli, registry: FakeRegistry, words: list[str], code: int, line: str
) -> None:
    cli.ok("pull", f"{registry.address}/team/app:1", "-t", "mine:1")
    outcome = cli(*(word.replace("HERE", registry.address) for word in words))
    assert (outcome.code, outcome.out) == (code, "")
    first, *others = outcome.err.splitlines()
    assert line.replace("HERE", registry.address) in first
    assert len(others) <= 1


def test_who_may_not_is_told_what_to_type(cli: Cli, registry: FakeRegistry) -> None:
    registry.users = {"me": "secret"}
    outcome = cli("pull", f"{registry.address}/team/app:1")
    assert outcome.err.splitlines() == [
        f"layerscope: {registry.address}: it wants to know who asks, and nobody has logged in",
        f"try: docker login {registry.address}, or skopeo login {registry.address}",
    ]


def test_what_a_registry_says_never_reaches_the_terminal(cli: Cli, registry: FakeRegistry) -> None:
    said = b'{"errors": [{"message": "\\u001b]0;title\\u0007\\n\\u202e"}]}'
    registry.trap("manifests", answer(400, said))
    outcome = cli("pull", f"{registry.address}/team/app:1")
    assert outcome.code == 1
    assert all(line.isprintable() for line in outcome.err.splitlines())


def test_pulling_and_looking_load_nothing_of_each_other() -> None:
    code = (
        "import sys; from layerscope.cli.main import main; main(['images']);"
        "print([name for name in sys.modules if name.startswith(('http', 'ssl', 'urllib.request'))"
        " or 'registry' in name])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] == "[]"


def started(registry: FakeRegistry, root: Path) -> subprocess.Popen[str]:
    """A pull in a process of its own, which got some of the large blob and waits for more."""

    def stalls(handler: Handler) -> None:
        data = registry.blobs["team/app"][BLOB]
        handler.head(200, len(data))
        handler.wfile.write(data[:200_000])
        handler.close_connection = True
        handler.connection.recv(1)

    registry.trap(f"GET .*/blobs/{BLOB}", stalls)
    words = [sys.executable, "-m", "layerscope", "--root", str(root), "pull"]
    process = subprocess.Popen(
        [*words, f"{registry.address}/team/app:1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    kept = root / "tmp/spool" / f"blob-{BLOB.removeprefix('sha256:')}"
    until = time.monotonic() + 60
    while not (kept.exists() and kept.stat().st_size >= 190_000):
        assert time.monotonic() < until
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    return process


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL], ids=["interrupt", "kill"])
def test_an_interrupted_pull_goes_on_where_it_was(
    cli: Cli, registry: FakeRegistry, how: signal.Signals
) -> None:
    process = started(registry, cli.root)
    os.kill(process.pid, how)
    _, err = process.communicate(timeout=60)
    if how is signal.SIGINT:
        assert process.returncode == 130
        assert err == "layerscope: interrupted: stopped before it was done\n"
    store = Store.open(cli.root)
    assert list(fsck(store)) == []
    assert store.images() == []
    store.close()
    registry.traps.clear()
    cli.ok("pull", f"{registry.address}/team/app:1")
    assert registry.sent[BLOB] <= ZIPPED.blob.size - 190_000
    assert cli.ok("fsck")["clean"]


def test_layers_above_the_one_asked_for_are_not_fetched(cli: Cli, registry: FakeRegistry) -> None:
    target = f"docker://{registry.address}/team/app:1"
    assert cli("cat", target, "etc/motd", "--layer", "0").out == "welcome"
    assert "/etc/motd" in [row["path"] for row in cli.ok("tree", target, "--layer", "0")]
    assert "/etc" in [row["path"] for row in cli.ok("tree", target, "--changes", "0")]
    assert BLOB not in registry.sent
    assert cli("tree", target, "--layer", "2").code == 1
