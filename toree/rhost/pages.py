"""Plots appear where they were made, each once, whatever is printed before and after.

R draws each page into a file of its own; here the files become displays as soon as they are
complete, in the places that were kept for them when their pages began (outbox.py).
"""

from __future__ import annotations

import base64
import os
from collections import deque
from collections.abc import Callable
from pathlib import Path

from ..foreign import Json
from .frames import Message
from .outbox import Outbox, Place


class Pages:
    """The pages of the cell's device (plots.R), in the order in which they were made."""

    def __init__(self, outbox: Outbox, settle: Callable[[], None]) -> None:
        """
        Args:
            settle: hands all that was shown so far to the outbox.
        """
        self._outbox = outbox
        self._settle = settle
        self._places: deque[Place] = deque()
        self._forms: list[tuple[str, str]] = []  # extension, MIME type
        self._folder = Path()
        self._size = (0.0, 0.0)
        self._titled = True
        self._next = 1  # the first page not shown yet

    @property
    def current(self) -> int:
        """Number of the page being drawn."""
        self.take_finished()
        return self._next

    def device(
        self,
        folder: str,
        extensions: list[str],
        mimes: list[str],
        width: float,
        height: float,
        titled: bool = True,
    ) -> None:
        """R opened a device that writes its pages to `folder`; sizes are CSS pixels.

        `titled` pages come with a text for front ends that show no pictures.
        """
        self.take_finished(closed=True)
        self._folder = Path(folder)
        self._forms = list(zip(extensions, mimes, strict=True))
        self._size = (width, height)
        self._titled = titled
        self._next = 1

    def figure(self, new_page: bool) -> None:
        """A page is about to begin, or a further figure on it."""
        self.take_finished()
        if new_page:
            self._begin()

    def _begin(self) -> None:
        self._settle()
        self._places.append(self._outbox.place())

    def finish(self) -> None:
        """The device is closed: shows what is left."""
        self.take_finished(closed=True)
        while self._places:  # of plots that failed before their page began
            self._outbox.fill(self._places.popleft(), None)

    def take_finished(self, closed: bool = False) -> None:
        """Shows the pages that are complete."""
        # R opens a page's file when the page begins and writes it when the next one begins.
        while self._forms and self._exists(self._next if closed else self._next + 1):
            self._show(self._bundle())
            self._next += 1
        # persp() runs no hook before its page.
        if not closed and not self._places and self._forms and self._exists(self._next):
            self._begin()

    def _exists(self, page: int) -> bool:
        return os.path.exists(self._folder / f"{page:04d}.{self._forms[0][0]}")

    def _show(self, bundle: Message) -> None:
        if not self._places:
            self._begin()
        self._outbox.fill(self._places.popleft(), bundle)

    def _bundle(self) -> Message:
        data: Json = {}
        metadata: Json = {}
        width, height = self._size
        for extension, mime in self._forms:
            file = self._folder / f"{self._next:04d}.{extension}"
            try:
                content = file.read_bytes()
                file.unlink()
            except OSError:
                continue
            if extension == "svg":
                data[mime] = content.decode("utf-8")
            else:
                data[mime] = base64.b64encode(content).decode("ascii")
            metadata[mime] = {"width": width, "height": height}
            if extension == "svg":  # ids inside one SVG must not meet those of another
                metadata[mime]["isolated"] = True
        if self._titled:
            data["text/plain"] = "plot without title"
        return {"event": "display", "data": data, "metadata": metadata}
