"""``layerscope start``."""

from __future__ import annotations

from layerscope.cli.context import Context
from layerscope.cli.each import each
from layerscope.cli.parser import Parser
from layerscope.cli.verbs.run import attached
from layerscope.containers.shelf import find_container
from layerscope.errors import UsageError
from layerscope.usecases.run import start, start_attached


def configure(parser: Parser) -> None:
    """Say the words of the verb."""
    parser.add_argument("-a", "--attach", action="store_true", help="show its output until it ends")
    parser.add_argument("-i", "--interactive", action="store_true", help="give it this input, too")
    parser.add_argument("containers", metavar="CONTAINER", nargs="+", help="names or IDs")


def run(context: Context) -> int:
    """Start containers that have ended or never began."""
    args, store = context.args, context.store
    if args.attach or args.interactive:
        if len(args.containers) > 1:
            raise UsageError("start -a", "only one container can have this terminal")
        if args.json:
            raise UsageError("start -a", "what the command prints is no JSON", "it without -a")
        container = find_container(store, args.containers[0])
        tty = container.settings.terminal
        return start_attached(store, container.id, attached(args.interactive, tty))

    def one(name: str) -> str:
        return start(store, name).id

    return each(context, args.containers, one, lambda ids: {"started": ids})
