"""``layerscope completion``."""

from __future__ import annotations

import argparse
import sys

from layerscope.cli.context import Context
from layerscope.cli.parser import Parser

_SHELLS = ("bash", "zsh", "tcsh")

EXAMPLES = """\
source <(layerscope completion bash)
layerscope completion zsh > ~/.zfunc/_layerscope"""


def configure(parser: Parser) -> None:
    """Say the words of the verb."""
    parser.add_argument("shell", choices=_SHELLS)


def run(context: Context) -> int:
    """Print a completion script of every verb and option."""
    import shtab

    sys.stdout.write(shtab.complete(_everything(), shell=context.args.shell) + "\n")
    return 0


def _everything() -> argparse.ArgumentParser:
    from layerscope.cli.main import parser_of
    from layerscope.cli.verbs import VERBS

    whole = argparse.ArgumentParser(prog="layerscope", add_help=False)
    verbs = whole.add_subparsers()
    for name, verb in VERBS.items():
        verbs.add_parser(name, parents=[parser_of(name)], add_help=False, help=verb.about)
    return whole
