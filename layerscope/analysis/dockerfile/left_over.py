"""What an image's config says and no step of its history told of, as instructions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from layerscope.analysis.dockerfile.health import check_words
from layerscope.analysis.dockerfile.metadata import pair_words
from layerscope.analysis.dockerfile.told import DEFAULT_PATH, Told
from layerscope.analysis.dockerfile.words import escaped_word, json_list, word

_TEXTS = {"working_dir": "WORKDIR", "user": "USER", "stop_signal": "STOPSIGNAL"}


def left_over(told: Told) -> Iterator[str]:
    """Instructions that make the told config the image's."""
    final = told.final
    yield from _pairs("ENV", told.final_env, told.env)
    yield from _pairs("LABEL", final.labels, told.labels)
    if ports := set(final.exposed_ports) - told.ports:
        yield f"EXPOSE {' '.join(sorted(ports))}"
    if volumes := told.final_volumes - told.volumes:
        yield f"VOLUME {json_list([escaped_word(one) for one in sorted(volumes)])}"
    for key, name in _TEXTS.items():
        value = getattr(final, key)
        if value and value != getattr(told, key):
            yield f"{name} {word(value)}"
    if final.shell and final.shell != told.own_shell:
        yield f"SHELL {json_list(final.shell)}"
    yield from _commands(told)
    if final.healthcheck and dict(final.healthcheck) != told.healthcheck:
        yield f"HEALTHCHECK {check_words(final.healthcheck)}"
    known = len(told.on_build)
    if list(final.on_build[:known]) == told.on_build:
        yield from (f"ONBUILD {text}" for text in final.on_build[known:])


def _pairs(name: str, final: Mapping[str, str], told: Mapping[str, str]) -> Iterator[str]:
    for key, value in final.items():
        if told.get(key) != value:
            yield f"{name} {pair_words({key: value})}"


def _commands(told: Told) -> Iterator[str]:
    """ENTRYPOINT first: it takes away the CMD that the image below had."""
    final, cmd = told.final, told.cmd
    if final.entrypoint != told.entrypoint:
        yield f"ENTRYPOINT {json_list(final.entrypoint)}"
        cmd = cmd if told.cmd_set else ()
    if final.cmd != cmd:
        yield f"CMD {json_list(final.cmd)}"


def gone(told: Told) -> list[str]:
    """Names of instructions whose values the config has no more; no Dockerfile takes them back."""
    final = told.final
    names = [name for key, name in _TEXTS.items() if getattr(told, key) and not getattr(final, key)]
    for name, before, after in (
        ("SHELL", told.own_shell, final.shell),
        ("HEALTHCHECK", told.healthcheck, final.healthcheck),
        ("ONBUILD", told.on_build, final.on_build),
    ):
        names += [name] if before and not after else []
    env = {key for key, value in told.env.items() if f"{key}={value}" != DEFAULT_PATH}
    for name, told_keys, kept in (
        ("ENV", env, set(told.final_env)),
        ("LABEL", set(told.labels), set(final.labels)),
        ("EXPOSE", told.ports, set(final.exposed_ports)),
        ("VOLUME", told.volumes, set(told.final_volumes)),
    ):
        names += [name] if told_keys - kept else []
    return names
