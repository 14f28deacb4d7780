"""From a call to a running explorer."""

from __future__ import annotations

import gc

from layerscope.errors import UsageError
from layerscope.tui import theme as themes
from layerscope.tui.app import ExplorerApp
from layerscope.tui.first_frame import FirstFrame
from layerscope.tui.session import Session

# New objects after which Python looks for rubbish among them, and how often it then looks further:
# so it holds up a key for 3 ms now and then (wide, page keys); with its own figures for 35.
_RUBBISH = (2000, 10, 20)


def start(
    frame: FirstFrame,
    session: Session,
    target: str | None,
    *,
    theme: str | None,
    mouse: bool,
) -> int:
    """Run the explorer in place of ``frame``; the exit code. Raises UsageError."""
    if theme is not None and theme not in themes.NAMES:
        raise UsageError(f"theme {theme!r}", f"the themes are {', '.join(themes.NAMES)}")
    app = ExplorerApp(session, target, theme, frame)
    gc.freeze()  # what is loaded stays
    gc.set_threshold(*_RUBBISH)
    code = app.run(mouse=mouse)
    if app.failure is not None:
        raise app.failure
    return code if code is not None else app.return_code or 0
