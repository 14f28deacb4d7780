"""The full-screen explorer: screens, widgets and the models behind them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

_FRAMES = "250"  # a second at most: what a key changes waits 4 ms for its picture, not 16


def run(
    target: str | None,
    root: Path,
    *,
    platform: str | None = None,
    theme: str | None = None,
    mouse: bool = True,
    captions: Sequence[str] | None = None,
) -> int:
    """Explore ``target``, or the store at ``root`` for None; the exit code.

    The first frame is painted before Textual is imported. A demo has ``captions`` that guide
    through it, or an empty list of them, and opens on the containers. Raises UsageError for a theme
    that isn't there, LayerscopeError for a store that can't be opened.
    """
    from layerscope.tui.first_frame import first_frame

    os.environ.setdefault("TEXTUAL_FPS", _FRAMES)
    with first_frame(target) as frame:
        from layerscope.tui.session import Session

        # A demo shows what it speaks of, and nothing else.
        session = Session(root, platform, captions, others=captions is None)
        _ = session.store
        if target is not None:
            session.begin(target)
        from layerscope.tui.start import start

        return start(frame, session, target, theme=theme, mouse=mouse)
