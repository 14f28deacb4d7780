"""One module a verb: ``configure(parser)`` says its words, ``run(context)`` does it.

``VERBS`` names them all with a line of help, so that the module of a verb is imported only when it
is called.
"""

from __future__ import annotations

from typing import NamedTuple


class Verb(NamedTuple):
    """A verb's module in this package and what it does, in one line."""

    module: str
    about: str


IMAGES = {
    "load": Verb("load", "copy an image into the store"),
    "save": Verb("save", "write images of the store to a file or folder"),
    "images": Verb("images", "list the images of the store"),
    "history": Verb("history", "show how an image came to be, newest step first"),
    "inspect": Verb("inspect", "show everything known of images, containers, volumes"),
    "layers": Verb("layers", "show the layers of an image, bottom up"),
    "tree": Verb("tree", "show the files after a layer, or what a layer changed"),
    "cat": Verb("cat", "print a file of an image"),
    "cp": Verb("cp", "copy a file or folder out of an image or container"),
    "blame": Verb("blame", "show every layer that touched a path"),
    "analyze": Verb("analyze", "show how much of an image is wasted, and on what"),
    "check": Verb("check", "fail if an image wastes too much (for CI; reads .dive-ci)"),
    "compare": Verb("compare", "show what two images share and where they differ"),
    "tag": Verb("tag", "give an image another name"),
    "rmi": Verb("rmi", "remove names and images"),
}
CONTAINERS = {
    "create": Verb("create", "put a writable layer over an image"),
    "ps": Verb("ps", "list containers"),
    "diff": Verb("diff", "show what a container changed"),
    "apply": Verb("apply", "run file operations in a container, without a process"),
    "commit": Verb("commit", "make a container's writable layer an image layer"),
    "rm": Verb("rm", "remove containers with their writable layers"),
    "rename": Verb("rename", "give a container another name"),
    "volume": Verb("volume", "create, list, inspect, remove volumes"),
}
STORE = {
    "df": Verb("df", "show what the store holds and what could be freed"),
    "prune": Verb("prune", "remove what nothing refers to"),
    "fsck": Verb("fsck", "recompute every digest, follow every reference"),
    "completion": Verb("completion", "print a completion script for a shell"),
}
GROUPS = {"Images": IMAGES, "Containers": CONTAINERS, "The store": STORE}
VERBS = {name: verb for group in GROUPS.values() for name, verb in group.items()}
