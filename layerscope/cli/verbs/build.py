"""``layerscope build``."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from layerscope.cli.build_view import LiveView, PlainView, QuietView
from layerscope.cli.context import Context
from layerscope.cli.parser import Parser, add_platform
from layerscope.errors import UsageError
from layerscope.oci.digest import Digest
from layerscope.usecases.build import BuildRequest, BuildResult, StepDone, build

if TYPE_CHECKING:
    from collections.abc import Callable

_RARELY = 50_000

EXAMPLES = """\
layerscope build . -t app:1.0
layerscope build . -f Dockerfile.test --target tests --build-arg VERSION=2
git archive HEAD | layerscope build -        a tar with the Dockerfile in it
SOURCE_DATE_EPOCH=0 layerscope build .      the same image on any machine"""


def configure(parser: Parser) -> None:
    """Say the words of the verb."""
    many: dict[str, Any] = {"action": "append", "default": []}
    parser.add_argument("context", metavar="DIR", help="the folder that COPY and ADD take from")
    parser.add_argument("-f", "--file", metavar="FILE", help="the Dockerfile (DIR/Dockerfile)")
    parser.add_argument("-t", "--tag", metavar="NAME", help="its name", **many)
    parser.add_argument("--target", metavar="STAGE", help="the stage to build (the last)")
    parser.add_argument("--build-arg", metavar="K=V", help="a value for an ARG", **many)
    parser.add_argument("--label", metavar="K=V", help="a label of the image", **many)
    parser.add_argument("--no-cache", action="store_true", help="build every step anew")
    parser.add_argument(
        "--network", choices=("none", "host"), default="none", help="what RUN sees of it (none)"
    )
    parser.add_argument(
        "--toolbox", action="store_true", help="lend RUN the host's busybox, if there is no shell"
    )
    parser.add_argument(
        "--progress", choices=("auto", "plain"), default="auto", help="plain: lines, no live list"
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="print the ID alone")
    add_platform(parser)
    parser.epilog = (
        "What a Dockerfile says is Docker's; RUN needs Linux, as root or with user namespaces.\n"
        "As FILE, - is a Dockerfile on standard input; as DIR, that alone or a tar with both.\n"
        "SOURCE_DATE_EPOCH stands for the time of every step."
    )


def run(context: Context) -> int:
    """Build an image."""
    # Modules that were loaded are no rubbish: looking for some among them takes a tenth of a build.
    gc.set_threshold(_RARELY)
    args = context.args
    view = _view(context)
    try:
        built = build(context.store, _request(context), view)
    finally:
        view.close()
    if isinstance(view, LiveView) and not args.json:
        view.point_to(built.names[0] if built.names else Digest.parse(built.id).short)
    for name in built.unused:
        sys.stderr.write(f"layerscope: --build-arg {name}: no ARG asks for it\n")
    if args.json:
        return context.print_json(_document(built))
    names = ", ".join(built.names)
    text = built.id if args.quiet or not names else f"{built.id} {names}"
    context.print([text])
    return 0


def _request(context: Context) -> BuildRequest:
    args = context.args
    if args.context == args.file == "-":
        raise UsageError("build -f - -", "standard input can't be the Dockerfile and the context")
    return BuildRequest(
        context=Path(args.context) if args.context != "-" else None,
        file=Path(args.file) if args.file else None,
        names=tuple(args.tag),
        target=args.target,
        build_args=_pairs("--build-arg", args.build_arg, os.environ.get),
        labels=_pairs("--label", args.label, lambda name: ""),
        platform=context.platform,
        use_cache=not args.no_cache,
        epoch=_epoch(),
        network=args.network,
        toolbox=args.toolbox,
        stdin=_stdin() if "-" in (args.context, args.file) else None,
    )


def _stdin() -> BinaryIO:
    if sys.stdin is None:  # it was closed by who called
        raise UsageError("standard input", "it is closed")
    return sys.stdin.buffer


def _pairs(
    option: str, texts: Sequence[str], otherwise: Callable[[str], str | None]
) -> dict[str, str]:
    """``K=V`` by K; a K alone has the value that ``otherwise`` knows, if any."""
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not name:
            raise UsageError(f"{option} {text!r}", "it isn't NAME=VALUE")
        known = value if equals else otherwise(name)
        if known is not None:
            found[name] = known
    return found


def _epoch() -> int | None:
    text = os.environ.get("SOURCE_DATE_EPOCH")
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 11:
        raise UsageError(f"SOURCE_DATE_EPOCH={text[:40]}", "it is no number of seconds since 1970")
    return int(text)


def _view(context: Context) -> PlainView | LiveView:
    check = context.progress.check
    args = context.args
    if args.progress == "auto" and not args.quiet and sys.stderr.isatty() and _is_able():
        return LiveView(check)
    return QuietView(check) if args.quiet else PlainView(check)


def _is_able() -> bool:
    return os.environ.get("TERM", "dumb") != "dumb"


def _document(built: BuildResult) -> dict[str, Any]:
    return {
        "id": built.id,
        "names": list(built.names),
        "steps": [_step(step) for step in built.steps],
    }


def _step(done: StepDone) -> dict[str, Any]:
    return {
        "instruction": done.step.instruction,
        "cached": done.cached,
        "diff_id": str(done.diff_id) if done.diff_id else None,
        "size": done.size,
        "seconds": round(done.seconds, 6),
        "reason": done.reason,
        "stage": done.step.stage,
        "line": done.step.line,
        "image": str(done.image) if done.image else None,
    }
