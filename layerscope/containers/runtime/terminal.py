"""The caller's terminal: its keys passed on as they are, its size for a container's."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator


def copy_size(terminal: int) -> None:
    """Give ``terminal`` the size of the one that this process's standard streams have, if any."""
    import termios

    for fd in (0, 1, 2):
        with contextlib.suppress(OSError):
            size = fcntl.ioctl(fd, termios.TIOCGWINSZ, bytes(8))
            fcntl.ioctl(terminal, termios.TIOCSWINSZ, size)
            return


@contextlib.contextmanager
def raw_terminal(fd: int) -> Iterator[None]:
    """The terminal at ``fd`` passes on every key as it is, for as long as the block runs."""
    import termios
    import tty

    before = termios.tcgetattr(fd)
    tty.setraw(fd)
    try:
        yield
    finally:
        termios.tcsetattr(fd, termios.TCSADRAIN, before)
