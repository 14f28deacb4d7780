"""``layerscope logs``."""

from __future__ import annotations

import sys
from itertools import islice

from layerscope.cli.context import Context
from layerscope.cli.parser import Parser, whole_number
from layerscope.containers.runtime.logs import Written
from layerscope.usecases.run import logs


def configure(parser: Parser) -> None:
    """Say the words of the verb."""
    parser.add_argument("-f", "--follow", action="store_true", help="and what comes, until it ends")
    parser.add_argument(
        "-n", "--tail", type=whole_number, metavar="LINES", help="only the last ones of now"
    )
    parser.add_argument("-t", "--timestamps", action="store_true", help="with times")
    parser.add_argument("container", metavar="CONTAINER", help="a name or ID")


def run(context: Context) -> int:
    """Print what a container wrote to its standard output and error, to these two."""
    args, store = context.args, context.store
    first = 0
    if args.tail is not None:
        first = max(0, sum(1 for _ in logs(store, args.container)) - args.tail)
    entries = islice(logs(store, args.container, follow=args.follow), first, None)
    if args.json:
        return context.print_json_rows(
            {"time": entry.time, "stream": entry.stream, "text": entry.text} for entry in entries
        )
    for entry in entries:
        _write(entry, args.timestamps)
    return 0


def _write(entry: Written, timestamps: bool) -> None:
    stream = sys.stderr if entry.stream == "stderr" else sys.stdout
    stream.write(f"{entry.time} {entry.text}" if timestamps else entry.text)
    stream.flush()
