"""One module a verb, of its name: ``configure(parser)`` says its words, ``run(context)`` does it.

``VERBS`` has them all with a line of help, so that the module of a verb is imported only when it is
called. A module may have ``EXAMPLES``, lines for the end of its help.
"""

from __future__ import annotations

IMAGES = {
    "load": "copy an image into the store",
    "save": "write images of the store to a file or folder",
    "pull": "copy an image of a registry into the store",
    "push": "copy an image of the store to a registry",
    "images": "list the images of the store",
    "history": "show how an image came to be, newest step first",
    "inspect": "show everything known of images, containers, volumes",
    "layers": "show the layers of an image, bottom up",
    "tree": "show the files after a layer, or what a layer changed",
    "cat": "print a file of an image",
    "cp": "copy files out of an image or container, or into a container",
    "blame": "show every layer that touched a path",
    "analyze": "show how much of an image is wasted, and on what",
    "check": "fail if an image wastes too much (for CI; reads .dive-ci)",
    "compare": "show what two images share and where they differ",
    "build": "make an image of a Dockerfile",
    "tag": "give an image another name",
    "rmi": "remove names and images",
}
CONTAINERS = {
    "create": "put a writable layer over an image",
    "run": "run a command in a new container",
    "start": "start containers again",
    "exec": "run one more command in a running container",
    "stop": "ask containers to end, and kill those that don't",
    "kill": "send a signal to containers",
    "wait": "wait until containers have ended",
    "logs": "print what a container wrote",
    "ps": "list containers",
    "diff": "show what a container changed",
    "apply": "run file operations in a container, without a process",
    "commit": "make a container's writable layer an image layer",
    "rm": "remove containers with their writable layers",
    "watch": "print what containers write and hold, as it happens (JSON lines)",
    "rename": "give a container another name",
    "volume": "create, list, inspect, remove, prune volumes",
}
STORE = {
    "df": "show what the store holds and what could be freed",
    "prune": "remove what nothing refers to",
    "fsck": "recompute every digest, follow every reference",
    "demo": "five containers that are written in, with the explorer open on them",
    "completion": "print a completion script for a shell",
}
GROUPS = {"Images": IMAGES, "Containers": CONTAINERS, "The store": STORE}
VERBS = {name: verb for group in GROUPS.values() for name, verb in group.items()}
