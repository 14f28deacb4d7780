"""``layerscope completion``."""

from __future__ import annotations

import argparse
import sys

from layerscope.cli.context import Context
from layerscope.cli.parser import Parser
from layerscope.errors import UsageError

# Words of verbs that are paths of this machine, or may be.
_PATHS = frozenset(("TARGET", "IMAGE", "A", "B", "FILE", "DIR", "DEST", "TARGET:PATH"))
_SHELLS = ("bash", "zsh", "tcsh")

EXAMPLES = """\
source <(layerscope completion bash)
layerscope completion zsh > ~/.zfunc/_layerscope"""


def configure(parser: Parser) -> None:
    """Say the words of the verb."""
    parser.add_argument("shell", choices=_SHELLS)


def run(context: Context) -> int:
    """Print a completion script of every verb and option."""
    if context.args.json:
        raise UsageError("completion", "a shell's script is no JSON")
    import shtab

    sys.stdout.write(shtab.complete(_everything(), shell=context.args.shell) + "\n")
    return 0


def _everything() -> argparse.ArgumentParser:
    import shtab

    from layerscope.cli.call import parser_of
    from layerscope.cli.verbs import VERBS

    whole = argparse.ArgumentParser(prog="layerscope", add_help=False)
    verbs = whole.add_subparsers()
    for name, about in VERBS.items():
        parser = parser_of(name)
        for action in parser._actions:
            if action.metavar in _PATHS:
                action.complete = shtab.FILE  # type: ignore[attr-defined]
        verbs.add_parser(name, parents=[parser], add_help=False, help=about)
    return whole
