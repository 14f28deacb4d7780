"""Where the root of a running container lies: the kernel tells it of the overlay mounted there."""

from __future__ import annotations

import re
from pathlib import Path

from layerscope.archive.overlay import Namespace
from layerscope.containers.foreign.container import Layers

_ESCAPED = re.compile(r"\\([0-7]{3})")


def mounted_layers(pid: int, container_id: str) -> Layers | None:
    """The directories of the overlay that process ``pid`` has for its root; all but the topmost
    lower one, which holds Docker's mount points, are the image's.

    None where this user may not know them, or the process is no container of that ID: a daemon
    elsewhere numbers other processes.
    """
    try:
        lines = Path(f"/proc/{pid}/mountinfo").read_text(errors="surrogateescape").splitlines()
    except OSError:
        return None
    return read_mountinfo(lines, container_id)


def read_mountinfo(lines: list[str], container_id: str) -> Layers | None:
    """The same of the lines of a mountinfo (proc(5)). Docker mounts files of the container's own
    folder, which is called by its ID."""
    mounts = [fields for line in lines if len(fields := line.split(" ")) > 9]
    if not any(f"/{container_id}/" in fields[3] for fields in mounts):
        return None
    options = next((fields[-1] for fields in mounts if fields[4] == "/"), "").split(",")
    upper, lower = "", list[str]()
    for option in options:
        name, _, value = option.partition("=")
        path = _ESCAPED.sub(lambda found: chr(int(found[1], 8)), value)
        if name == "upperdir":
            upper = path
        elif name in ("lowerdir", "lowerdir+"):
            lower += path.split(":")
    if not upper or not lower:
        return None
    # Where the options would be too long containerd names the lower ones from the folder of all
    # its snapshots (containerd, mount/mount_linux.go).
    snapshots = Path(upper).parent.parent
    paths = tuple(snapshots / path for path in reversed(lower))
    namespace = Namespace.USER if "userxattr" in options else Namespace.TRUSTED
    return Layers(Path(upper), paths, len(paths) - 1, namespace, in_blocks=True)
