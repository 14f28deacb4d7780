"""``layerscope demo``."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from layerscope.cli.call import need_screen, show_demo
from layerscope.cli.context import Context
from layerscope.cli.parser import Parser
from layerscope.signals import ending_by_exit
from layerscope.usecases.demo import captions, demo


def configure(parser: Parser) -> None:
    """Say the words of the verb."""
    parser.add_argument("--theme", metavar="NAME", help="the explorer's colours")
    parser.add_argument("--no-captions", action="store_true", help="without the guide's lines")
    parser.add_argument(
        "--no-explorer", action="store_true", help="only write; print where the store is"
    )
    parser.epilog = (
        "It needs no root, no network and no other program. Its store is a temporary folder that\n"
        "goes when it ends; with --root it is there, and stays."
    )


def run(context: Context) -> int:
    """Open the explorer on five containers that are written in."""
    args = context.args
    root = Path(args.root).absolute() if args.root else None
    if not args.no_explorer:
        need_screen("layerscope demo --no-explorer")
    with ending_by_exit(), demo(root) as store:
        if args.no_explorer:
            context.print([str(store)])
            sys.stdout.flush()
            while True:
                time.sleep(1)
        told = () if args.no_captions else captions(stays=root is not None)
        return show_demo(store, told, args.theme)
