"""``layerscope rmi``."""

from __future__ import annotations

from layerscope.cli.context import Context
from layerscope.cli.parser import Parser


def configure(parser: Parser) -> None:
    """Say the words of the verb."""
    parser.add_argument("images", metavar="IMAGE", nargs="+", help="names or IDs of the store")
    parser.add_argument(
        "-f", "--force", action="store_true", help="by ID, even if it has several names"
    )
    parser.epilog = "Bytes are freed by 'layerscope prune'."


def run(context: Context) -> int:
    """Remove names, and images whose last name goes."""
    removed = [
        context.store.remove_image(image, force=context.args.force) for image in context.args.images
    ]
    untagged = [name for one in removed for name in one.untagged]
    deleted = [str(image) for one in removed for image in one.deleted]
    if context.args.json:
        return context.print_json({"untagged": untagged, "deleted": deleted})
    context.print(f"Untagged: {name}" for name in untagged)
    context.print(f"Deleted: {image}" for image in deleted)
    return 0
