"""``layerscope cp``."""

from __future__ import annotations

import os
import shutil
import sys
from io import BufferedReader
from typing import cast

from layerscope.cli.context import Context
from layerscope.cli.parser import Parser, add_platform
from layerscope.cli.text import as_bytes
from layerscope.errors import UsageError
from layerscope.usecases.content import tar_of
from layerscope.usecases.copy_in import copy_in, copy_tar_in
from layerscope.usecases.copy_out import Copied, copy_out

EXAMPLES = """\
layerscope cp web:1.2:/etc/nginx .             the folder, into this one
layerscope cp image.tar:/etc/nginx/. conf      what is in it, into conf
layerscope cp image.tar:/usr/bin/env ./env     one file
layerscope cp image.tar:/var/lib - | tar -t    as a tar
layerscope cp ./app.conf my_container:/etc     a file or folder into a container
tar -c app | layerscope cp - my_container:/srv what a tar holds, into a folder there"""


_HINT = "layerscope cp IMAGE:/etc/passwd ."


def configure(parser: Parser) -> None:
    """Say the words of the verb."""
    parser.add_argument(
        "source",
        metavar="TARGET:PATH",
        help="an image or container and a path in it; or a FILE, - for a tar on stdin",
    )
    parser.add_argument(
        "dest", metavar="DEST", help="a file or folder, - for a tar on stdout; or CONTAINER:PATH"
    )
    parser.add_argument(
        "-L", "--follow-link", action="store_true", help="what the source points to"
    )
    parser.add_argument("-a", "--archive", action="store_true", help="keep owners and set-id bits")
    add_platform(parser)


def run(context: Context) -> int:
    """Copy a file or folder out of an image or container, or into a container."""
    args = context.args
    if not args.dest:
        raise UsageError("DEST", "it is empty", "a dot, for this folder")
    if args.source == "-" or ":" not in args.source or os.path.lexists(args.source):
        return _copy_in(context)
    target, path = split(args.source)
    if args.dest == "-" and args.json:
        raise UsageError("cp", "a tar on stdout is no JSON", "a folder as DEST")
    image, path, _ = context.open_seen(target, path, follow=args.follow_link)
    if args.dest == "-":
        with tar_of(image, path, follow=args.follow_link) as tar:
            shutil.copyfileobj(tar, sys.stdout.buffer, 1 << 20)
        sys.stdout.buffer.flush()
        return 0
    done = copy_out(image, path, args.dest, follow=args.follow_link, archive=args.archive)
    return _told(context, done)


def _copy_in(context: Context) -> int:
    args = context.args
    if ":" not in args.dest:
        raise UsageError("cp", "neither of the two is TARGET:PATH", _HINT)
    container, path = split(args.dest)
    if args.source == "-":
        tar = cast(BufferedReader, sys.stdin.buffer)
        done = copy_tar_in(context.store, tar, container, path)
    else:
        links = {"follow": args.follow_link, "archive": args.archive}
        done = copy_in(context.store, args.source, container, path, **links)
    return _told(context, done._replace(path=f"{container}:{done.path}"))


def _told(context: Context, done: Copied) -> int:
    if context.args.json:
        return context.print_json(done._asdict())
    return 0


def split(source: str) -> tuple[str, bytes]:
    """TARGET and path: an absolute path begins at the last ``:/``. Raises UsageError."""
    target, colon, path = source.rpartition(":/")
    if colon:
        return _split(source, target, "/" + path)
    target, _, path = source.rpartition(":")
    return _split(source, target, path)


def _split(source: str, target: str, path: str) -> tuple[str, bytes]:
    if not target or not path:
        raise UsageError(repr(source), "it isn't TARGET:PATH", _HINT)
    return target, as_bytes(path)
