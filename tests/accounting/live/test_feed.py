"""What a ledger saw, in words."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from layerscope.accounting.live.feed import happenings
from layerscope.accounting.live.growth import Growth
from layerscope.accounting.live.judge import Judge
from layerscope.accounting.live.ledger import Ledger
from layerscope.accounting.live.looking import walk
from layerscope.accounting.live.sight import Sight
from layerscope.cow.directory_lower import DirectoryLower
from layerscope.cow.form import detect_form
from tests.support.containers import writable


def test_each_kind(tmp_path: Path) -> None:
    layer = tmp_path / "layer"
    (layer / "d").mkdir(parents=True)
    (layer / "d" / "big").write_bytes(bytes(1000))
    directory = writable(tmp_path / "c")
    form, upper = detect_form(directory), directory / "upper"
    lower = DirectoryLower([layer], form.namespace, form.owners)
    ledger = Ledger(str(upper), Judge(lower, Sight(form)))
    ledger.telling = True

    def told() -> list[tuple[str, bytes, int]]:
        for _ in walk(ledger):
            pass
        touches, ledger.touches = ledger.touches, []
        return [(one.did, one.path, one.delta) for one in happenings(touches, 1.0)]

    (upper / "d").mkdir()
    shutil.copy2(layer / "d" / "big", upper / "d" / "big")
    (upper / "new").write_bytes(bytes(5))
    assert sorted(told()) == [("copied up", b"d/big", 1000), ("created", b"new", 5)]
    (upper / "new").write_bytes(bytes(9))
    assert told() == [("grew", b"new", 4)]
    (upper / "new").write_bytes(bytes(2))
    assert told() == [("shrank", b"new", -7)]
    (upper / "new").rename(upper / "moved")
    assert told() == [("moved", b"moved", 0)]
    (upper / "moved").unlink()
    assert told() == [("removed", b"moved", -2)]
    os.setxattr(upper / "d", form.namespace.value + "opaque", b"y")
    assert told() == [("made opaque", b"d", 0)]
    for number in range(40):
        (upper / "d" / f"f{number}").write_bytes(b"x")
    assert told() == [("many", b"d", 40)]
    ledger.close()


def test_what_grew_in_the_last_minute() -> None:
    growth = Growth()
    growth.add(0.0, [(b"old", 100)])
    growth.add(50.0, [(b"a", 5), (b"b", 7), (b"a", 5), (b"c", -3)])
    assert growth.top(55.0, 2) == [(b"old", 100), (b"a", 10)]
    assert growth.top(61.0, 9) == [(b"a", 10), (b"b", 7)]
    assert growth.top(200.0, 9) == []
