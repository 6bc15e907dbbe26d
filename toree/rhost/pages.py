"""Plots appear where they were made, each once, whatever is printed before and after.

A page is complete when R starts the next one or closes the device; until then `abline()` may
still add to it. Text printed meanwhile must not overtake the plot, so it is preceded by an empty
display with an id, which the finished page then updates.
"""

from __future__ import annotations

import base64
import os
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

Show = Callable[[dict[str, Any], dict[str, Any], "str | None", bool], None]


class Pages:
    """The pages of the cell's device (plots.R), in the order in which they were made."""

    def __init__(self, show: Show) -> None:
        """
        Args:
            show: sends a bundle: data, metadata, display id or None, whether it is an update.
        """
        self._show = show
        self._forms: list[tuple[str, str]] = []  # extension, MIME type
        self._folder = Path()
        self._size = (0.0, 0.0)
        self._titled = True
        self._next = 1  # the first page not shown yet
        self._open = False
        self._place: str | None = None

    @property
    def current(self) -> int:
        """Number of the page being drawn."""
        self._take_finished()
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
        self._take_finished(closed=True)
        self._folder = Path(folder)
        self._forms = list(zip(extensions, mimes, strict=True))
        self._size = (width, height)
        self._titled = titled
        self._next = 1

    def figure(self) -> None:
        """A page is about to begin, or a further figure on it."""
        self._open = True

    def hold_place(self) -> None:
        """Something else is about to be shown."""
        if not self._open:
            return
        self._take_finished()
        if self._place is None:
            self._place = uuid.uuid4().hex
            self._show({"text/plain": ""}, {}, self._place, False)

    def finish(self) -> None:
        """The device is closed: shows what is left."""
        self._take_finished(closed=True)
        self._place = None
        self._open = False

    def _take_finished(self, closed: bool = False) -> None:
        # R opens a page's file when the page begins and writes it when the next one begins.
        while self._forms and self._exists(self._next if closed else self._next + 1):
            self._send()
            self._next += 1
            self._place = None

    def _exists(self, page: int) -> bool:
        return os.path.exists(self._folder / f"{page:04d}.{self._forms[0][0]}")

    def _send(self) -> None:
        data: dict[str, Any] = {}
        metadata: dict[str, Any] = {}
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
        self._show(data, metadata, self._place, self._place is not None)
