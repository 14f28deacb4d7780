"""The namespaces of a container: made new, or those of one that runs entered."""

from __future__ import annotations

import contextlib
import os

from layerscope.containers.runtime import kernel
from layerscope.containers.runtime.spec import CannotRun, Network

_OWN = kernel.CLONE_NEWNS | kernel.CLONE_NEWPID | kernel.CLONE_NEWUTS | kernel.CLONE_NEWIPC
_KINDS = {
    "user": kernel.CLONE_NEWUSER,
    "uts": kernel.CLONE_NEWUTS,
    "ipc": kernel.CLONE_NEWIPC,
    "net": kernel.CLONE_NEWNET,
    "pid": kernel.CLONE_NEWPID,
    "mnt": kernel.CLONE_NEWNS,
}
_MEND = (
    "sysctl -w kernel.unprivileged_userns_clone=1 (Debian) or "
    "kernel.apparmor_restrict_unprivileged_userns=0 (Ubuntu), or user.max_user_namespaces "
    "above 0, as root; or run this as root"
)


def make_own(network: Network) -> None:
    """Leave the host's namespaces; the pid namespace is the next child's, not this process's.

    Raises CannotRun.
    """
    if os.geteuid() != 0:
        _own_users()
    try:
        kernel.unshare(_OWN | (kernel.CLONE_NEWNET if network is Network.NONE else 0))
    except OSError as error:
        raise CannotRun("namespaces", f"this system refuses them: {error.strerror}") from error


def _own_users() -> None:
    """A user namespace in which this user is root, and nobody else is anybody."""
    uid, gid = os.geteuid(), os.getegid()
    try:
        kernel.unshare(kernel.CLONE_NEWUSER)
        for name, text in (
            ("setgroups", "deny"),
            ("uid_map", f"0 {uid} 1"),
            ("gid_map", f"0 {gid} 1"),
        ):
            with open(f"/proc/self/{name}", "w") as file:
                file.write(text)
    except OSError as error:
        why = f"this system does not let a user have a namespace of his own: {error.strerror}"
        raise CannotRun("user namespace", why, _MEND) from error


def hold(pid: int) -> dict[str, int]:
    """Descriptors of the namespaces of a process, but for those that are this process's, too.

    Raises CannotRun if it has no files of its own, OSError if it is gone.
    """
    found = {}
    for kind in _KINDS:
        theirs = os.open(f"/proc/{pid}/ns/{kind}", os.O_RDONLY | os.O_CLOEXEC)
        if os.path.samestat(os.fstat(theirs), os.stat(f"/proc/self/ns/{kind}")):
            os.close(theirs)
        else:
            found[kind] = theirs
    if "mnt" not in found:
        for fd in found.values():
            os.close(fd)
        why = "no process lives in it: the built-in engine writes its files"
        raise CannotRun("the container", why, "layerscope apply, or layerscope run")
    return found


def enter(held: dict[str, int]) -> None:
    """Go into held namespaces; the pid namespace is the next child's. Raises CannotRun."""
    try:
        for kind, fd in held.items():
            kernel.setns(fd, _KINDS[kind])
            os.close(fd)
    except OSError as error:
        raise CannotRun("the container", f"it can't be entered: {error.strerror}") from error
    if "user" in held:
        with contextlib.suppress(OSError):
            os.setresgid(0, 0, 0)
        os.setresuid(0, 0, 0)
    os.chdir("/")
