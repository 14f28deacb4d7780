"""Screens about one image: its documents, and its layers as they are read."""

from __future__ import annotations

from functools import partial
from typing import Any

from textual import on, work
from textual.message import Message
from textual.worker import Worker

from layerscope.errors import LayerscopeError
from layerscope.tui.aside import aside
from layerscope.tui.models.reading import Reading
from layerscope.tui.screens.files import FilesScreen
from layerscope.usecases.layers import list_layers
from layerscope.usecases.opened import OpenImage

_EVERY = 0.1  # seconds between two pictures of the progress


class ReadingScreen(FilesScreen):
    """Opens a TARGET and has its layers read by another process.

    ``image`` and ``reading`` are None until the documents are there; :meth:`show_reading` is called
    whenever there is news of a layer, :meth:`show_failure` if there is no image.
    """

    class Opened(Message):
        """The image's documents are read."""

        def __init__(self, image: OpenImage) -> None:
            super().__init__()
            self.image = image

    class Failed(Message):
        """The image can't be opened."""

        def __init__(self, error: LayerscopeError) -> None:
            super().__init__()
            self.error = error

    class Weighed(Message):
        """What of each layer the image doesn't show, in bytes."""

        def __init__(self, wasted: list[int]) -> None:
            super().__init__()
            self.wasted = wasted

    def __init__(self, target: str) -> None:
        super().__init__()
        self.target = target
        self.image: OpenImage | None = None
        self.reading: Reading | None = None
        self._reader: Worker[None] | None = None

    @property
    def is_reading(self) -> bool:
        """True while another process reads."""
        return self._reader is not None

    def show_reading(self) -> None:
        """There is news of the layers."""

    def show_failure(self, error: LayerscopeError) -> None:
        """There is no image to show."""

    def on_mount(self) -> None:
        """Open the image."""
        self.say(self.target)
        self._progress = self.set_interval(_EVERY, self.show_reading, pause=True)
        self.open()

    @work
    async def open(self) -> None:
        """Read the image's documents."""
        try:
            image = await aside(partial(self.session.open, self.target))
            self.post_message(self.Opened(image))
        except LayerscopeError as error:
            self.post_message(self.Failed(error))
        except OSError as error:
            why = error.strerror or str(error)
            self.post_message(self.Failed(LayerscopeError(self.target, why)))

    @on(Failed)
    def _fail(self, event: Failed) -> None:
        self.show_failure(event.error)

    @on(Opened)
    def _opened(self, event: Opened) -> None:
        self.image = event.image
        self.reading = Reading(event.image)
        if self.reading.is_done:
            self._settle()
        else:
            self.action_read_on()
            self.show_reading()

    def action_read_on(self) -> None:
        """Read the layers that weren't."""
        if self.image is None or self._reader is not None:
            return
        self.reading = Reading(self.image)
        if not self.reading.is_done:
            self._reader = self._read()
            self._progress.resume()

    @work(exclusive=True, group="reader")
    async def _read(self) -> None:
        try:
            async for event in self.session.reader(self.target).events():
                self._hear(event)
        finally:
            if self.is_attached:  # else it ends with the explorer
                self._settle()

    def _hear(self, event: dict[str, Any]) -> None:
        reading = self.reading
        assert reading is not None
        if event["event"] == "error":
            self.fail(LayerscopeError(event["what"], event["why"], event["hint"]))
        reading.hear(event)
        if event["event"] in ("stack", "error"):
            self.show_reading()

    def _settle(self) -> None:
        """The reading has come to its end, whichever."""
        self._reader = None
        self._progress.pause()
        assert self.reading is not None
        self.reading.stop()
        self.show_reading()
        if all(state.tally is not None for state in self.reading.states.values()):
            self._weigh()

    @work(thread=True, exclusive=True, group="weigh")
    def _weigh(self) -> None:
        assert self.image is not None
        self.post_message(self.Weighed([row.wasted_bytes for row in list_layers(self.image)]))

    @on(Weighed)
    def _weighed(self, event: Weighed) -> None:
        assert self.reading is not None
        for number, wasted in enumerate(event.wasted):
            self.reading.waste(number, wasted)
        self.show_reading()

    def stop_reading(self) -> None:
        """What is there stays; the rest can be read later."""
        if self._reader is not None:
            self._reader.cancel()
