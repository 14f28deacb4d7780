"""The words of ``create`` and ``run`` that say what a container is to be."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from layerscope.cli.parser import Parser
from layerscope.containers.mounts import parse_mount, parse_volume
from layerscope.errors import UsageError
from layerscope.usecases.containers import Wanted

if TYPE_CHECKING:
    import argparse

_LONGEST_HOSTNAME = 64  # sethostname(2)


def add_container_options(parser: Parser) -> None:
    """Say them."""
    add = parser.add_argument
    add("--name", metavar="NAME", help="its name")
    add("-v", "--volume", action="append", default=[], metavar="VOL:PATH[:ro]", help="a volume")
    add(
        "--mount",
        action="append",
        default=[],
        metavar="type=volume|bind,source=…,target=…[,readonly]",
        help="the same in more words",
    )
    add_process_options(parser)
    add("--entrypoint", metavar="PROGRAM", help="instead of the image's")
    add("--hostname", default="", metavar="NAME", help="its ID if not given")
    add("--network", choices=("none", "host"), default="none", help="none (the default) or host's")
    add("--toolbox", action="store_true", help="lend it the host's busybox, at no cost")
    add("--rm", action="store_true", help="remove it when it ends")


def add_process_options(parser: Parser) -> None:
    """Those of ``exec``, too."""
    add = parser.add_argument
    add("-e", "--env", action="append", default=[], metavar="K[=V]", help="without V: as here")
    add("-w", "--workdir", default="", metavar="DIR", help="where it works")
    add("-u", "--user", default="", metavar="USER[:GROUP]", help="a name or number")
    add("-i", "--interactive", action="store_true", help="it gets this standard input")
    add("-t", "--tty", action="store_true", help="it gets a terminal")


def wanted(args: argparse.Namespace) -> Wanted:
    """What they ask for. Raises UsageError."""
    if len(os.fsencode(args.hostname)) > _LONGEST_HOSTNAME:
        why = f"it is longer than {_LONGEST_HOSTNAME} bytes, the most that Linux has"
        raise UsageError(f"--hostname {args.hostname!r}", why)
    return Wanted(
        name=args.name,
        command=tuple(args.command),
        env=environment(args.env),
        working_dir=args.workdir,
        user=args.user,
        mounts=(*map(parse_volume, args.volume), *map(parse_mount, args.mount)),
        entrypoint=args.entrypoint,
        hostname=args.hostname,
        network=args.network,
        terminal=args.tty,
        interactive=args.interactive,
        toolbox=args.toolbox,
        remove=args.rm,
    )


def environment(given: list[str]) -> tuple[str, ...]:
    """``K=V`` as it is, ``K`` with the value that it has here, or not at all. Raises UsageError."""
    for word in given:
        if word[:1] in ("", "="):
            raise UsageError(f"-e {word!r}", "it has no name")
    return tuple(
        word if "=" in word else f"{word}={os.environ[word]}"
        for word in given
        if "=" in word or word in os.environ
    )
