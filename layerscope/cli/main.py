"""From argv to a verb or the explorer, and from errors to exit codes."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from layerscope.cli.verbs import GROUPS, VERBS
from layerscope.errors import Cancelled, LayerscopeError, UsageError

if TYPE_CHECKING:
    import argparse

    from layerscope.cli.parser import Parser

_ABOUT = """\
usage: layerscope [TARGET]        open the explorer on an image, or on the store
       layerscope VERB …          answer a question without it

Explorer options: --platform OS/ARCH, --theme NAME, --no-mouse
Everywhere: --root DIR (or LAYERSCOPE_ROOT), --debug, --version, --help
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one call; the exit code (0 done, 1 failed, 2 wrong words, 130 interrupted)."""
    words = list(sys.argv[1:] if argv is None else argv)
    debug = "--debug" in words
    try:
        code = _run(words)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return Cancelled.exit_code
    except (LayerscopeError, OSError, RecursionError, MemoryError) as error:
        if debug:
            raise
        return _fail(error)
    return code


def _run(words: list[str]) -> int:
    leading = _leading_options(words)
    rest = words[len(leading) :]
    if "--version" in leading:
        from layerscope import __version__

        sys.stdout.write(f"layerscope {__version__}\n")
        return 0
    if "--help" in leading or "-h" in leading:
        sys.stdout.write(_help())
        return 0
    if rest and rest[0] in VERBS:
        return _verb(rest[0], [*leading, *rest[1:]])
    return _explore([*leading, *rest])


_WITH_VALUE = ("--root", "--platform", "--theme")


def _leading_options(words: list[str]) -> list[str]:
    """The options before the verb or TARGET, with their values."""
    count = 0
    while count < len(words) and words[count].startswith("-") and words[count] != "--":
        count += 2 if words[count] in _WITH_VALUE else 1
    return words[:count]


def _verb(name: str, words: list[str]) -> int:
    from layerscope.cli.context import Context, default_root

    parser = parser_of(name)
    args = parser.parse(words)
    root = Path(args.root) if args.root else default_root()
    code: int = import_module(f"layerscope.cli.verbs.{VERBS[name].module}").run(Context(args, root))
    return code


def parser_of(name: str) -> Parser:
    """The parser of a verb."""
    from layerscope.cli.parser import verb_parser

    about = VERBS[name].about
    parser = verb_parser(name, about[0].upper() + about[1:] + ".")
    import_module(f"layerscope.cli.verbs.{VERBS[name].module}").configure(parser)
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
    from layerscope.cli.context import default_root

    args = explorer_parser().parse_args(words)
    _must_not_be_a_typo(args)
    if not sys.stdout.isatty() or not sys.stdin.isatty():
        verb = f"layerscope layers {args.target}" if args.target else "layerscope images"
        raise UsageError("the explorer", "it needs a terminal", verb)
    from layerscope.tui import run

    root = Path(args.root) if args.root else default_root()
    mouse = not args.no_mouse
    return run(args.target, root, platform=args.platform, theme=args.theme, mouse=mouse)


def _must_not_be_a_typo(args: argparse.Namespace) -> None:
    """A word that is nearly a verb and no file was meant as one."""
    target = args.target
    if not target or not target.isalpha() or Path(target).exists():
        return
    from difflib import get_close_matches

    near = get_close_matches(target, VERBS, n=1, cutoff=0.75)
    if near:
        raise UsageError(repr(target), "it is no verb and no file", f"layerscope {near[0]}")


def _help() -> str:
    lines = [_ABOUT]
    for heading, verbs in GROUPS.items():
        lines.append(f"{heading}:")
        lines += [f"  {name:<12}{verb.about}" for name, verb in verbs.items()]
        lines.append("")
    lines.append("layerscope VERB --help explains one.")
    return "\n".join(lines) + "\n"


def _fail(error: BaseException) -> int:
    """Say what failed, in one line, and what to try, in another; the exit code."""
    from layerscope.cli.text import shown_text

    if isinstance(error, LayerscopeError):
        message, hint, code = f"{error.what}: {error.why}", error.hint, error.exit_code
    elif isinstance(error, OSError):
        where = error.filename if error.filename is not None else "input or output"
        message, hint, code = f"{where}: {error.strerror or error}", None, 1
    else:
        message, hint, code = f"input: too large to handle ({type(error).__name__})", None, 1
    lines = [f"layerscope: {message}"] + ([f"try: {hint}"] if hint else [])
    sys.stderr.write("".join(shown_text(line) + "\n" for line in lines))
    return code
