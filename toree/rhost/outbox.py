"""What a cell shows, in the order in which it was made, pictures in the place where they began.

A picture is complete when R starts the next one or closes the device; until then `abline()` may
still add to it. What comes after it waits for it, so that it is one display. A cell that goes on
for longer is not kept waiting: then an empty display with an id holds the place, which the
picture updates.
"""

from __future__ import annotations

import base64
import json
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable

from ..foreign import Json, RObject
from .frames import Message

_PATIENCE = 0.25  # seconds that text waits for a picture


class Place:
    """Where a picture belongs; `id` is that of the display that holds it, if one has to."""

    def __init__(self) -> None:
        self.id: str | None = None
        self.picture: Message | None = None


class Outbox:
    """Sends messages, those behind a place without its picture later. Any thread."""

    def __init__(self, send: Callable[[Message], None]) -> None:
        self._send = send
        self.look: Callable[[], None] = lambda: None  # fills the places whose pictures are there
        self._queue: deque[Message | Place] = deque()
        self._late = threading.Condition()
        self._due: float | None = None  # when what waits must go

    def start(self) -> None:
        threading.Thread(target=self._hurry_late, name="outbox", daemon=True).start()

    def send(self, message: Message) -> None:
        with self._late:
            if not self._queue:
                self._send(message)
                return
            self._queue.append(message)
            if self._due is None:
                self._due = time.monotonic() + _PATIENCE
                self._late.notify()

    def place(self) -> Place:
        """Here a picture begins."""
        made = Place()
        with self._late:
            self._queue.append(made)
        return made

    def fill(self, place: Place, picture: Message | None) -> None:
        """The place's picture; None when none has come of it."""
        with self._late:
            if place.id is not None:
                if picture is not None:
                    self._send({**picture, "display_id": place.id, "update": True})
                return
            if picture is None:
                self._queue.remove(place)
            place.picture = picture
            self._advance()

    def hurry(self) -> None:
        """Sends all there is, with displays that hold the places of pictures to come."""
        with self._late:
            while self._queue:
                self._hold()
                self._advance()

    def _advance(self) -> None:
        """Sends what waits for nothing."""
        while self._queue:
            first = self._queue[0]
            if isinstance(first, Place):
                if first.picture is None:
                    break
                first = first.picture
            self._queue.popleft()
            self._send(first)
        if all(isinstance(item, Place) for item in self._queue):
            self._due = None

    def _hold(self) -> None:
        first = self._queue.popleft()
        assert isinstance(first, Place)
        first.id = uuid.uuid4().hex
        empty = {"data": {"text/plain": ""}, "metadata": {}, "display_id": first.id}
        self._send({"event": "display", **empty})

    def _hurry_late(self) -> None:
        while True:
            with self._late:
                while self._due is None or (wait := self._due - time.monotonic()) > 0:
                    self._late.wait(None if self._due is None else wait)
            self.look()  # not under our lock: it takes one of its own first
            with self._late:
                # A place with nothing behind it can wait for its picture.
                while self._due is not None and self._due <= time.monotonic():
                    self._hold()
                    self._advance()


def bundle(mimes: RObject, contents: RObject, structured: RObject, metadata: RObject) -> Message:
    """A display of R's vectors: types, contents, which of those are JSON, metadata."""
    data: Json = {}
    for i, mime in enumerate(mimes):
        content = contents[i]
        if type(content).__name__ == "ByteSexpVector":
            data[mime] = base64.b64encode(bytes(content)).decode("ascii")
        else:
            data[mime] = json.loads(content[0]) if structured[i] else content[0]
    return {"data": data, "metadata": json.loads(metadata[0])}
