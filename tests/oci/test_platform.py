"""Which of an index's images fits a machine."""

from __future__ import annotations

import pytest

from layerscope.errors import UsageError
from layerscope.oci.platform import NoSuchPlatform, Platform, choose

AMD, ARM64, V6, V7 = (
    Platform.parse(text)
    for text in ("linux/amd64", "linux/arm64/v8", "linux/arm/v6", "linux/arm/v7")
)


@pytest.mark.parametrize("text", ["", "linux", "linux/", "a/b/c/d", "/amd64"])
def test_what_is_no_platform_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        Platform.parse(text)


def test_the_host_is_linux_on_something() -> None:
    assert Platform.host().os == "linux"
    assert Platform.host().architecture


@pytest.mark.parametrize(
    ("wanted", "offered", "number"),
    [
        ("linux/amd64", [ARM64, AMD], 1),
        ("linux/amd64/v3", [AMD], 0),
        ("linux/amd64/v3", [AMD, Platform("linux", "amd64", "v2")], 1),
        ("linux/amd64", [Platform("linux", "amd64", "v3"), Platform("linux", "amd64", "v1")], 1),
        ("linux/arm64", [AMD, ARM64], 1),
        ("linux/arm64/v8", [Platform("linux", "arm64")], 0),
        ("linux/arm", [V6, V7], 1),
        ("linux/arm/v7", [V6], 0),
        ("linux/arm/v7", [V6, V7], 1),
        ("linux/s390x", [AMD, None], 1),
        ("linux/amd64", [None, AMD, AMD], 1),
    ],
)
def test_the_best_is_chosen(wanted: str, offered: list[Platform | None], number: int) -> None:
    assert choose(Platform.parse(wanted), offered, "image") == number


def test_where_none_fits_the_error_lists_them() -> None:
    with pytest.raises(NoSuchPlatform, match=r"nothing for linux/arm/v6, only for .*amd64.*arm/v7"):
        choose(V6, [AMD, V7], "image")
    with pytest.raises(NoSuchPlatform):
        choose(Platform("windows", "amd64"), [AMD], "image")
