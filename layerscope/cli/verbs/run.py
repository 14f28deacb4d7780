"""``layerscope run``."""

from __future__ import annotations

import sys

from layerscope.cli.container_options import add_container_options, wanted
from layerscope.cli.context import Context
from layerscope.cli.parser import Parser
from layerscope.containers.running import Attached
from layerscope.errors import UsageError
from layerscope.usecases.run import run_attached, run_detached

EXAMPLES = """\
layerscope run --rm -it IMAGE sh
layerscope run -d --name db -v data:/var/lib/db IMAGE"""


def configure(parser: Parser) -> None:
    """Say the words of the verb."""
    parser.add_argument("-d", "--detach", action="store_true", help="leave it running")
    add_container_options(parser)
    parser.add_argument("image", metavar="IMAGE", help="a name or ID of the store")
    parser.add_command()
    parser.epilog = (
        "It ends with the exit code of its command; 127 where there is no such program, 126 where\n"
        "it can't be run. Without -d it ends with this call."
    )


def run(context: Context) -> int:
    """Run a command in a new container."""
    args = context.args
    if args.detach:
        made = run_detached(context.store, args.image, wanted(args))
        if args.json:
            return context.print_json({"id": made.id, "name": made.name})
        context.print([made.id])
        return 0
    if args.json:
        raise UsageError("run", "what the command prints is no JSON", "-d, for the ID alone")
    streams = attached(args.interactive, args.tty)
    return run_attached(context.store, args.image, wanted(args), streams)


def attached(interactive: bool, tty: bool) -> Attached:
    """What of this call's streams the command gets. Raises UsageError."""
    if tty and interactive and not sys.stdin.isatty():
        raise UsageError("-t", "standard input is no terminal", "-i alone")
    return Attached(stdin=interactive, terminal=tty and sys.stdin.isatty())
