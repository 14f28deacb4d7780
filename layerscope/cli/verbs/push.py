"""``layerscope push``."""

from __future__ import annotations

from layerscope.cli.context import Context
from layerscope.cli.copied import print_copied
from layerscope.cli.parser import Parser, add_insecure
from layerscope.usecases.push import push

EXAMPLES = """\
layerscope push web:1.2 registry.example/team/web:1.2
layerscope push web:1.2 localhost:5000/web"""


def configure(parser: Parser) -> None:
    """Say the words of the verb."""
    parser.add_argument("image", metavar="IMAGE", help="a name or ID of the store")
    parser.add_argument("ref", metavar="REF", help="where to: REGISTRY/REPO[:TAG]")
    add_insecure(parser)
    parser.epilog = (
        "Logins of docker, podman and skopeo are used. Layers and manifest go as they are in the\n"
        "store, so that what was pulled keeps its digest."
    )


def run(context: Context) -> int:
    """Copy an image of the store to a registry."""
    args = context.args
    done = push(context.store, args.image, args.ref, context.progress, insecure=args.insecure)
    return print_copied(context, "Pushed", done)
