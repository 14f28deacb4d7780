"""``layerscope apply``."""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path
from typing import Any

from layerscope.cli.context import Context
from layerscope.cli.event_text import event_document, event_text
from layerscope.cli.parser import Parser
from layerscope.cow.ops import Language, OpResult
from layerscope.errors import LayerscopeError
from layerscope.usecases.containers import apply

_OK = "ok"
_NOTHING = "the layer is as large as before, and holds the same names"


def configure(parser: Parser) -> None:
    """Say the words of the verb."""
    parser.add_argument(
        "--calls", action="store_true", help="chown is lchown(2), not the command of that name"
    )
    parser.add_argument(
        "--explain", action="store_true", help="what each did to the writable layer, and cost"
    )
    parser.add_argument("container", metavar="CONTAINER", help="a name or ID")
    parser.add_argument("file", metavar="FILE", help="a JSON list of operations; - is stdin")
    parser.epilog = (
        'An operation is an object: {"op": "write", "path": "/out.txt", "data": "hello"}.\n'
        "One that fails doesn't stop the next; 'done' counts those that worked, and 'results'\n"
        "has a word for each: ok, or the name of an errno. --explain adds what happened below:\n"
        "copied up (how much, from which layer), whited out, made opaque, and by how many bytes\n"
        "the layer grew."
    )


def run(context: Context) -> int:
    """Run file operations through the built-in engine."""
    args = context.args
    language = Language.CALLS if args.calls else None
    results = apply(context.store, args.container, _read(args.file), language)
    done = sum(result.result == _OK for result in results)
    if args.json:
        documents = [_document(result, args.explain) for result in results]
        return context.print_json({"done": done, "results": documents})
    for number, result in enumerate(results):
        if result.result != _OK or args.explain:
            context.print([f"{number}: {result.op} {result.path or ''}: {result.result}"])
        if args.explain:
            lines = [event_text(event, context.size) for event in result.events]
            context.print(f"   {line}" for line in lines or [_NOTHING])
    context.print([f"{done} of {len(results)} operations done"])
    return 0


def _read(name: str) -> list[Any]:
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
        ops = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise LayerscopeError(name, f"it is no JSON ({error})") from None
    if isinstance(ops, dict) and isinstance(ops.get("ops"), list):
        ops = ops["ops"]
    if not isinstance(ops, list):
        raise LayerscopeError(name, "it is no JSON list of operations")
    return ops


def _document(result: OpResult, explain: bool) -> dict[str, object]:
    document: dict[str, object] = {"op": result.op, "path": result.path, "result": result.result}
    if result.data is not None:
        document["data_b64"] = base64.b64encode(result.data).decode()
    if explain:
        document["events"] = [event_document(event) for event in result.events]
    return document
