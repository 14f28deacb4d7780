"""The recorded cases once more, by a user who may not chown, make devices or write trusted.*."""

from __future__ import annotations

import traceback

from layerscope.archive.overlay import Namespace, Owners
from layerscope.cow.form import detect_form
from tests.cow.test_golden_ops import NEEDS_ROOT, check_case
from tests.cow.test_golden_shell import check_script
from tests.support.containers import unpack
from tests.support.golden_ops import base_tars, ops_cases, shell_cases, shell_tars
from tests.support.ordinary_user import as_ordinary_user, their_directory


def test_all_but_what_needs_root() -> None:
    assert NEEDS_ROOT.keys() <= {case.name for case in ops_cases()}
    with their_directory() as directory:

        def work() -> None:
            form = detect_form(directory)
            assert form.owners is Owners.OVERRIDE
            assert form.namespace is Namespace.USER
            bases = {
                base: unpack(base_tars(base), directory / base, form) for base in ("one", "three")
            }
            failures = []
            for case in ops_cases():
                if case.name in NEEDS_ROOT:
                    continue
                try:
                    check_case(case, bases[case.base], directory / "cases" / case.name)
                except Exception:
                    failures.append(f"{case.name}: {traceback.format_exc()[-600:]}")
            assert not failures, "\n".join(failures)

        assert as_ordinary_user(work) == ""


def test_all_scripts() -> None:
    with their_directory() as directory:

        def work() -> None:
            layers = unpack(shell_tars(), directory / "image", detect_form(directory))
            for number, case in enumerate(shell_cases()):
                check_script(case, layers, directory / f"case{number}")

        assert as_ordinary_user(work) == ""
