"""From the words of the command line to a verb or the explorer."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from layerscope.cli.verbs import GROUPS, VERBS
from layerscope.errors import UsageError

if TYPE_CHECKING:
    from layerscope.cli.parser import Parser

_ABOUT = """\
usage: layerscope [TARGET]        open the explorer on an image, or on the store
       layerscope VERB …          answer a question without it

TARGET: a file or folder that `docker save`, skopeo, buildah and the like have written, a root file
system, a name or ID of the store; or docker-archive:FILE[:NAME], oci-archive:FILE[:NAME],
oci:FOLDER[:NAME], rootfs:FOLDER|TAR, docker-daemon:NAME, containers-storage:NAME (Podman's),
docker://REGISTRY/REPO[:TAG] (in a registry; only what is looked at is fetched).

Explorer options: --platform OS/ARCH, --theme NAME, --no-mouse
Everywhere: --root DIR (or LAYERSCOPE_ROOT), --debug, --help; layerscope --version
"""


def call(words: list[str]) -> int:
    """Do what the words of the command line say; the exit code. Raises whatever goes wrong."""
    leading = _leading_options(words)
    rest = words[len(leading) :]
    if "--version" in leading:
        from layerscope import __version__

        sys.stdout.write(f"layerscope {__version__}\n")
        return 0
    if rest[:1] == ["help"] and not Path("help").exists():
        return call([*rest[1:2], "--help"])
    if rest and rest[0] in VERBS:
        return _verb(rest[0], [*leading, *rest[1:]])
    if "--help" in words or "-h" in words:
        sys.stdout.write(_help())
        return 0
    return _explore([*leading, *rest])


_WITH_VALUE = ("--root", "--platform", "--theme")


def _leading_options(words: list[str]) -> list[str]:
    """The options before the verb or TARGET, with their values."""
    count = 0
    while count < len(words) and words[count].startswith("-") and words[count] != "--":
        count += 2 if words[count] in _WITH_VALUE else 1
    return words[:count]


def _verb(name: str, words: list[str]) -> int:
    from layerscope.cli.context import Context

    try:
        args = parser_of(name).parse(words)
    except SystemExit as leaving:  # --help has printed what it is for; or a signal came
        return int(leaving.code or 0)
    root = _root(args.root)
    context = Context(args, root)
    try:
        code: int = _module(name).run(context)
    finally:
        context.close()
    return code


def _module(verb: str) -> Any:
    return import_module(f"layerscope.cli.verbs.{verb}")


def parser_of(name: str) -> Parser:
    """The parser of a verb."""
    from layerscope.cli.parser import verb_parser

    module = _module(name)
    about = VERBS[name]
    parser = verb_parser(name, about[0].upper() + about[1:] + ".")
    module.configure(parser)
    examples = getattr(module, "EXAMPLES", "")
    if examples:
        indented = "\n  ".join(["examples:", *examples.splitlines()])
        parser.epilog = "\n\n".join(filter(None, (parser.epilog, indented)))
    return parser


def explorer_parser() -> Parser:
    """The parser of a call without a verb."""
    from layerscope.cli.parser import Parser

    parser = Parser(prog="layerscope", add_help=False, allow_abbrev=False)
    parser.add_argument("target", nargs="?", metavar="TARGET")
    parser.add_argument("--root", metavar="DIR")
    parser.add_argument("--platform", metavar="OS/ARCH")
    parser.add_argument("--theme", metavar="NAME")
    parser.add_argument("--no-mouse", action="store_true")
    parser.add_argument("--debug", action="store_true")
    return parser


def _explore(words: list[str]) -> int:
    plain = [word for word in words[len(_leading_options(words)) :] if not word.startswith("-")]
    if len(plain) > 1 and not Path(plain[0]).exists():
        raise _no_verb(plain[0])
    args = explorer_parser().parse_args(words)
    root = _root(args.root)
    if args.target and _is_typo(args.target, root):
        raise _no_verb(args.target)
    need_screen(f"layerscope layers {args.target}" if args.target else "layerscope images")
    from layerscope.tui import run

    mouse = not args.no_mouse
    return run(args.target, root, platform=args.platform, theme=args.theme, mouse=mouse)


def show_demo(root: Path, captions: Sequence[str], theme: str | None) -> int:
    """The explorer on a demo's containers; the exit code."""
    from layerscope.tui import run

    return run(None, root, theme=theme, captions=captions)


def _root(named: str | None) -> Path:
    """The store's folder, wherever this process and those that it starts go to. Raises UsageError
    for an empty name: an unset variable's, most likely."""
    from layerscope.cli.context import default_root

    if named == "":
        raise UsageError("--root", "it names no folder")
    return (Path(named) if named else default_root()).absolute()


def need_screen(instead: str) -> None:
    """Raises UsageError, with the words to use instead, where no terminal can be drawn on."""
    if not (sys.stdout.isatty() and sys.stdin.isatty() and os.environ.get("TERM") != "dumb"):
        raise UsageError("the explorer", "it needs a terminal", instead)


def _is_typo(word: str, root: Path) -> bool:
    """Whether a word is nearly a verb, and neither a file nor a name in the store."""
    if Path(word).exists() or not _nearest_verb(word):
        return False
    from layerscope.store.store import Store

    return not (root.is_dir() and Store.open(root).has_name(word))


def _no_verb(word: str) -> UsageError:
    return UsageError(
        repr(word), "it is no verb and no image", f"layerscope {_nearest_verb(word) or '--help'}"
    )


def _nearest_verb(word: str) -> str | None:
    from difflib import get_close_matches

    near = get_close_matches(word, VERBS, n=1, cutoff=0.7)
    return near[0] if near else None


def _help() -> str:
    lines = [_ABOUT]
    for heading, verbs in GROUPS.items():
        lines.append(f"{heading}:")
        lines += [f"  {name:<12}{about}" for name, about in verbs.items()]
        lines.append("")
    lines.append("layerscope VERB --help explains one.")
    return "\n".join(lines) + "\n"
