"""``layerscope exec``."""

from __future__ import annotations

from layerscope.cli.container_options import add_process_options, environment
from layerscope.cli.context import Context
from layerscope.cli.parser import Parser
from layerscope.cli.verbs.run import attached
from layerscope.containers.runtime.spec import Process
from layerscope.errors import UsageError
from layerscope.usecases.run import execute

EXAMPLES = """\
layerscope exec -it db sh
layerscope exec db sh -c 'printf hello > /out.txt'"""


def configure(parser: Parser) -> None:
    """Say the words of the verb."""
    add_process_options(parser)
    parser.add_argument("container", metavar="CONTAINER", help="a name or ID")
    parser.add_command()


def run(context: Context) -> int:
    """Run one more command in a running container."""
    args = context.args
    if not args.command:
        raise UsageError("exec", "it needs a command", "layerscope exec CONTAINER sh")
    if args.json:
        raise UsageError("exec", "what the command prints is no JSON")
    process = Process(tuple(args.command), environment(args.env), args.workdir, args.user, args.tty)
    return execute(context.store, args.container, process, attached(args.interactive, args.tty))
