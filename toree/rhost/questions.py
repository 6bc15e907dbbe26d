"""What a cell asks of the front, and waits for: lines of text, shared names, Spark's address."""

from __future__ import annotations

from collections.abc import Callable

from ..foreign import JsonValue
from .frames import Channel, Message


class Interrupted(Exception):
    """The cell was stopped while it waited for the front."""


class Refused(RuntimeError):
    """Why a question can't be put."""

    kind = "Error"  # as R code may catch it


class Questions:
    """`settle` sends what was shown before a question."""

    def __init__(self, channel: Channel, settle: Callable[[], None]) -> None:
        self._channel = channel
        self._settle = settle
        self.begin()

    def begin(self) -> None:
        """With each cell."""
        self._stopped = False
        self.refused = ""  # why a line of text could not be asked for

    def put(self, message: Message) -> JsonValue:
        """
        Raises:
            Interrupted: the cell was stopped.
            Refused: there is no answer.
        """
        if self._stopped:
            raise Interrupted("interrupted")
        self._settle()
        self._channel.send(message)
        answer = self._channel.receive()
        if answer.get("interrupted"):
            self._stopped = True
            raise Interrupted("interrupted")
        if "error" in answer:
            self.refused = answer["error"] if message["event"] == "ask" else self.refused
            raise Refused(answer["error"])
        return answer["answer"]
