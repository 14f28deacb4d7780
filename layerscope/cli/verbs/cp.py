"""``layerscope cp``."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from layerscope.cli.context import Context
from layerscope.cli.parser import Parser, add_platform
from layerscope.cli.text import as_bytes
from layerscope.errors import UsageError
from layerscope.usecases.content import copy_out, tar_of


def configure(parser: Parser) -> None:
    """Say the words of the verb."""
    parser.add_argument("source", metavar="TARGET:PATH", help="an image and a path in it")
    parser.add_argument("dest", metavar="DEST", help="a file or folder here; - for a tar on stdout")
    add_platform(parser)


def run(context: Context) -> int:
    """Copy a file or folder out of an image."""
    target, path = split(context.args.source)
    image = context.open_image(target)
    if context.args.dest == "-":
        with tar_of(image, path) as tar:
            shutil.copyfileobj(tar, sys.stdout.buffer, 1 << 20)
        sys.stdout.buffer.flush()
    else:
        copy_out(image, path, Path(context.args.dest))
    return 0


def split(source: str) -> tuple[str, bytes]:
    """TARGET and path: an absolute path begins at the last ``:/``. Raises UsageError."""
    target, colon, path = source.rpartition(":/")
    if not colon:
        target, colon, path = source.rpartition(":")
    if not (target and colon):
        raise UsageError(repr(source), "it isn't TARGET:PATH", "layerscope cp IMAGE:/etc/passwd .")
    return target, as_bytes(path)
