"""What all tests stand on."""

from __future__ import annotations

import signal

# Whoever starts the tests in a shell's background leaves SIGINT ignored, and programs that they
# start would inherit that: Ctrl+C could not be tested.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
