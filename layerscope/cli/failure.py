"""What went wrong, in one line and a hint, and the exit code for it."""

from __future__ import annotations

import contextlib
import sys

from layerscope.cli.text import shown_text
from layerscope.errors import Cancelled, LayerscopeError

_LONGEST = 1000


def tell(error: BaseException) -> int:
    """Say what failed on stderr, and what to try; the exit code."""
    message, hint, code = _described(error)
    lines = [f"layerscope: {message}"] + ([f"try: {hint}"] if hint else [])
    with contextlib.suppress(OSError):  # the terminal may be gone
        sys.stderr.write("".join(_line(text) for text in lines))
    return code


def _described(error: BaseException) -> tuple[str, str | None, int]:
    if isinstance(error, KeyboardInterrupt):
        error = Cancelled()
    if isinstance(error, LayerscopeError):
        return f"{error.what}: {error.why}", error.hint, error.exit_code
    if isinstance(error, OSError):
        where = "output" if error.filename is None else _name(error.filename)
        return f"{where}: {(error.strerror or str(error)).lower()}", None, 1
    if isinstance(error, (MemoryError, RecursionError)):
        return f"input: too large to handle ({type(error).__name__})", None, 1
    what = f"{type(error).__name__}: {error}".removesuffix(": ")
    return f"a fault of layerscope's own: {what}", "the same with --debug, which shows where", 1


def _name(filename: str | bytes | int) -> str:
    if isinstance(filename, bytes):
        return filename.decode("utf-8", "backslashreplace")
    return str(filename)


def _line(text: str) -> str:
    shown = shown_text(text)
    return (shown if len(shown) <= _LONGEST else shown[: _LONGEST - 1] + "…") + "\n"
