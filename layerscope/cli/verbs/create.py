"""``layerscope create``."""

from __future__ import annotations

from layerscope.cli.context import Context
from layerscope.cli.parser import Parser
from layerscope.usecases.containers import Wanted, create


def configure(parser: Parser) -> None:
    """Say the words of the verb."""
    parser.add_argument("--name", metavar="NAME", help="its name")
    parser.add_argument(
        "-v", "--volume", action="append", default=[], metavar="VOL:PATH[:ro]", help="a volume"
    )
    parser.add_argument("-e", "--env", action="append", default=[], metavar="K=V")
    parser.add_argument("-w", "--workdir", default="", metavar="DIR")
    parser.add_argument("-u", "--user", default="", metavar="USER")
    parser.add_argument("image", metavar="IMAGE", help="a name or ID of the store")
    parser.add_command()


def run(context: Context) -> int:
    """Put a writable layer over an image."""
    args = context.args
    wanted = Wanted(
        name=args.name,
        command=tuple(args.command),
        env=tuple(args.env),
        working_dir=args.workdir,
        user=args.user,
        mounts=tuple(args.volume),
    )
    made = create(context.store, args.image, wanted)
    if args.json:
        return context.print_json({"id": made.id, "name": made.name})
    context.print([made.id])
    return 0
