"""``layerscope watch``."""

from __future__ import annotations

import argparse
import json
import os
import sys
from datetime import UTC, datetime
from typing import Any

from layerscope.cli.context import Context
from layerscope.cli.parser import Parser
from layerscope.errors import LayerscopeError
from layerscope.usecases.live_lines import Failed
from layerscope.usecases.watch import Update, watch

EXAMPLES = "layerscope watch web | jq -c '{container, size_rw, rate}'"


def configure(parser: Parser) -> None:
    """Say the words of the verb."""
    parser.add_argument("names", metavar="CONTAINER", nargs="*", help="names or IDs; all if none")
    parser.add_argument(
        "--interval",
        type=_seconds,
        default=0.2,
        metavar="SECONDS",
        help="between two lines of a container at least (default: 0.2)",
    )
    told = "also those of this user's Docker and Podman, where there are any"
    parser.add_argument("--all-sources", action="store_true", help=told)
    parser.add_argument("--once", action="store_true", help="one line a container, then end")


def run(context: Context) -> int:
    """Print one JSON line an update."""
    args, failed = context.args, 0
    updates = watch(
        context.store,
        args.names,
        interval=args.interval,
        once=args.once,
        others=args.all_sources,
    )
    for one in updates:
        if isinstance(one, Failed):
            from layerscope.cli.failure import tell

            failed = tell(LayerscopeError(one.what, one.why, one.hint))
            continue
        document = _document(one)
        if args.all_sources:
            document |= {"source": one.container.origin, "sizes_from": one.figures.source.value}
        sys.stdout.write(json.dumps(document) + "\n")
        sys.stdout.flush()
    return failed


def _document(update: Update) -> dict[str, Any]:
    figures, container = update.figures, update.container
    return {
        "time": datetime.fromtimestamp(figures.time, UTC).isoformat().replace("+00:00", "Z"),
        "container": container.name,
        "id": container.id,
        "size_rw": figures.size,
        "size_root_fs": update.size_root_fs,
        "rate": round(figures.rates.bytes, 1),
        "changes": [
            {
                "kind": change.kind,
                "path": os.fsdecode(change.path),
                "size": change.size,
                "delta": change.delta,
                "copied_up": change.copied_up,
            }
            for change in update.changes
        ],
        "files": figures.files,
        "copied_up": figures.why.copied_up,
        "settled": figures.settled,
        "age": round(figures.age, 3),
    }


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 86400:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds")
    return seconds
