"""``layerscope rmi``."""

from __future__ import annotations

from layerscope.cli.context import Context
from layerscope.cli.parser import Parser
from layerscope.errors import LayerscopeError
from layerscope.usecases.names import Removed, remove_image

EXAMPLES = """\
layerscope rmi web:1.2
layerscope rmi 3a46400ad121 --force"""


def configure(parser: Parser) -> None:
    """Say the words of the verb."""
    parser.add_argument("images", metavar="IMAGE", nargs="+", help="names or IDs of the store")
    parser.add_argument(
        "-f", "--force", action="store_true", help="by ID, even if it has several names"
    )
    parser.epilog = "Bytes are freed by 'layerscope prune'."


def run(context: Context) -> int:
    """Remove names, and images whose last name goes; the first failure is told at the end."""
    removed: list[Removed] = []
    failure: LayerscopeError | None = None
    for image in context.args.images:
        try:
            removed.append(remove_image(context.store, image, force=context.args.force))
        except LayerscopeError as error:
            failure = failure or error
    untagged = [name for one in removed for name in one.untagged]
    deleted = [image for one in removed for image in one.deleted]
    if context.args.json:
        context.print_json({"untagged": untagged, "deleted": deleted})
    else:
        context.print(f"Untagged: {name}" for name in untagged)
        context.print(f"Deleted: {image}" for image in deleted)
    if failure:
        raise failure
    return 0
