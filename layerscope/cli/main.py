"""The program: a call, and what becomes of its errors.

Hardly anything is imported before Ctrl+C and errors are looked after.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn


def main(argv: Sequence[str] | None = None) -> int:
    """Run one call; the exit code (0 done, 1 failed, 2 wrong words, 130 interrupted).

    Raises SystemExit for other signals that end it."""
    words = list(sys.argv[1:] if argv is None else argv)
    # numpy's algebra, which nothing here asks for, would start a thread a core when it is loaded.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        from layerscope.cli import streams
        from layerscope.cli.call import call

        streams.prepare()
        code = call(words)
        streams.flush_output()
    except BrokenPipeError:
        streams.drop_output()
        return 0
    except (Exception, KeyboardInterrupt) as error:
        return _failed(error, debug="--debug" in words)
    return code


def entry() -> NoReturn:
    """:func:`main` as a program, which tidies up when it is told to end. Nothing is left to be done
    at its end: taking the interpreter apart piece by piece would cost a short call a tenth of its
    time."""
    from layerscope.signals import ending_by_exit

    try:
        with ending_by_exit((signal.SIGTERM, signal.SIGHUP)):
            code = main()
    except SystemExit as leaving:  # at once: nobody may be there to read what is left
        atexit._run_exitfuncs()
        os._exit(leaving.code if isinstance(leaving.code, int) else 1)
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


def _failed(error: BaseException, *, debug: bool) -> int:
    from layerscope.cli import streams
    from layerscope.cli.failure import tell

    if debug:
        import traceback

        traceback.print_exception(error)
    code = tell(error)
    try:
        sys.stdout.flush()
    except OSError:
        streams.drop_output()
    return code
