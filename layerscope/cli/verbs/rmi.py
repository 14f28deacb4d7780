"""``layerscope rmi``."""

from __future__ import annotations

from layerscope.cli.context import Context
from layerscope.cli.each import each
from layerscope.cli.parser import Parser
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
    """Remove names, and images whose last name goes."""

    def one(name: str) -> Removed:
        return remove_image(context.store, name, force=context.args.force)

    return each(context, context.args.images, one, _document, lambda _, removed: _lines(removed))


def _lines(removed: Removed) -> str:
    untagged = [f"Untagged: {name}" for name in removed.untagged]
    return "\n".join(untagged + [f"Deleted: {image}" for image in removed.deleted])


def _document(removed: list[Removed]) -> dict[str, list[str]]:
    return {
        "untagged": [name for one in removed for name in one.untagged],
        "deleted": [image for one in removed for image in one.deleted],
    }
