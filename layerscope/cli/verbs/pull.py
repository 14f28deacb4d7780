"""``layerscope pull``."""

from __future__ import annotations

from layerscope.cli.context import Context
from layerscope.cli.copied import print_copied
from layerscope.cli.parser import Parser, add_insecure, add_platform
from layerscope.usecases.pull import pull

EXAMPLES = """\
layerscope pull alpine
layerscope pull registry.example/team/web:1.2 --platform linux/arm64 -t web:arm
layerscope pull localhost:5000/web@sha256:…"""


def configure(parser: Parser) -> None:
    """Say the words of the verb."""
    parser.add_argument("ref", metavar="REF", help="a name, as docker pull takes it")
    parser.add_argument(
        "-t", "--tag", action="append", default=[], metavar="NAME", help="its name here"
    )
    add_platform(parser)
    add_insecure(parser)
    parser.epilog = (
        "Logins of docker, podman and skopeo are used. A pull that was interrupted goes on where\n"
        "it was. To look at an image without pulling it: layerscope docker://REF."
    )


def run(context: Context) -> int:
    """Copy an image of a registry into the store."""
    args = context.args
    done = pull(
        context.store,
        args.ref,
        args.tag,
        context.progress,
        context.platform,
        insecure=args.insecure,
    )
    return print_copied(context, "Pulled", done)
