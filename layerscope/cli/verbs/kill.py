"""``layerscope kill``."""

from __future__ import annotations

from layerscope.cli.context import Context
from layerscope.cli.parser import Parser
from layerscope.usecases.run import kill


def configure(parser: Parser) -> None:
    """Say the words of the verb."""
    parser.add_argument("-s", "--signal", default="KILL", metavar="NAME", help="KILL if not given")
    parser.add_argument("containers", metavar="CONTAINER", nargs="+", help="names or IDs")


def run(context: Context) -> int:
    """Send a signal to the programs of containers."""
    args = context.args
    killed = [kill(context.store, name, args.signal) for name in args.containers]
    if args.json:
        return context.print_json({"killed": [container.id for container in killed]})
    context.print(args.containers)
    return 0
