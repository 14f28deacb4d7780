"""Every form of an overlay directory tells the same: whiteouts and owners, real or by xattr."""

from __future__ import annotations

from pathlib import Path

import pytest

from layerscope.archive.overlay import Form, Namespace, Owners, Whiteouts
from tests.cow.test_golden_ops import NEEDS_ROOT, check_case
from tests.support.containers import is_root, unpack
from tests.support.golden_ops import base_tars, ops_cases

FORMS = {
    "user xattrs": Form(Namespace.USER, Whiteouts.DEVICE, Owners.REAL),
    "whiteouts by xattr": Form(Namespace.USER, Whiteouts.XATTR, Owners.REAL),
    "everything by xattr": Form(Namespace.USER, Whiteouts.XATTR, Owners.OVERRIDE),
    "trusted, whiteouts by xattr": Form(Namespace.TRUSTED, Whiteouts.XATTR, Owners.REAL),
}


@pytest.mark.parametrize("name", FORMS)
def test_recorded_cases(name: str, tmp_path: Path) -> None:
    form = FORMS[name]
    if form.owners is Owners.REAL and not is_root():
        pytest.skip("owners can only be written by root")
    bases = {base: unpack(base_tars(base), tmp_path / base, form) for base in ("one", "three")}
    for case in ops_cases():
        if case.name not in NEEDS_ROOT:
            check_case(case, bases[case.base], tmp_path / "cases" / case.name, form)
