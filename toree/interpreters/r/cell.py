"""What is asked of R: a cell, or a question about one. And whether a cell is unfinished."""

from __future__ import annotations

import queue
import re
from collections.abc import Callable

from ...lines import STOP
from ...rhost.frames import Message
from .child import Child
from .text import R

_SLICE = 0.5  # seconds of a limit that one wait can take: none pass while this process stands still
_LATE: Message = {"reply": "late"}


class Question:
    """The line to R of one request (`lines.Line`)."""

    def __init__(
        self, request: Message, child: Child, address: Callable[[], Message], limit: float | None
    ) -> None:
        """
        Args:
            address: answers where Spark is.
            limit: seconds after which the question is stopped.
        """
        self.id: str = request["id"]
        self._child, self._address, self._left = child, address, limit
        # Sent from within `follow`: no signal may come in the middle of a message.
        self.post({"event": "begin", "request": request})

    def receive(self, timeout: float | None) -> Message | None:
        while True:
            try:
                message = self._child.receive(timeout if self._left is None else _SLICE)
            except queue.Empty:
                if self._left is None:
                    raise
                self._left -= _SLICE
                if self._left > 0:
                    continue
                self._left = None
                return STOP
            if message is None:
                return None
            # Else it belongs to a question that nobody waited for to the end.
            own = message.get("to") if "reply" in message else message.get("of", self.id)
            if own == self.id:
                return message

    def post(self, message: Message) -> None:
        self._child.post({**message, "of": self.id})

    def takes(self, message: Message) -> bool:
        event = message["event"]
        if event == "begin":
            self._child.send(message["request"])
        elif event == "address":
            self._child.send(self._address())
        elif event == "ask":
            self._child.send({"answer": None})
        return True

    def answer(self, question: Message, text: str | None) -> None:
        self._child.send({"answer": text})

    def refuse(self, question: Message, why: str) -> None:
        self._child.send({"error": why} if why else {"interrupted": True})

    def stop(self) -> None:
        self._child.interrupt(self.id)

    def give_up(self) -> Message | None:
        return _LATE


class Cell(Question):
    """A cell's. It shows things, asks the user, and is waited for however long it takes."""

    def __init__(
        self,
        request: Message,
        child: Child,
        address: Callable[[], Message],
        shared: Callable[[str], Message],
        stream: Callable[[str, int], Message],
        stuck: Callable[[], None],
    ) -> None:
        """
        Args:
            shared: answers `kernel$data`: the value of a name, or all names for "".
            stream: shows the streaming table under a key, this many rows of it.
            stuck: told when R does not stop, once.
        """
        super().__init__(request, child, address, None)
        self.begun = False
        self.quit_status: int | None = None
        self._shared, self._stream, self._stuck = shared, stream, stuck
        self._stopped = self._told = False

    def takes(self, message: Message) -> bool:
        event = message["event"]
        if event in ("begin", "address"):
            return super().takes(message)
        if event == "begun":
            self.begun = True
            if self._stopped:
                self.stop()
        elif event == "quit":
            self.quit_status = int(message["status"])
        elif event == "shared":
            self._child.send(self._shared(message["name"]))
        elif event == "live":
            self._child.send(self._stream(message["key"], message["rows"]))
        else:
            return False
        return True

    def stop(self) -> None:
        self._stopped = True
        if self.begun:  # before that the id means nothing to the host
            super().stop()

    def give_up(self) -> Message | None:
        if not self._told:
            self._told = True
            self._stuck()
        return None


_TOKENS = re.compile(R.pattern + r"|[\[({})\]]", re.DOTALL)
_ENDED = re.compile(r"""[rR]"\(.*\)"|(['"])(?:\\.|(?!\1).)*\1""", re.DOTALL)
_UNFINISHED = re.compile(r"(?:[-+*/^=<>&|~,]|%[^%\s]*%)\s*$")


def guess(code: str) -> str:
    """Whether a cell is unfinished, while R does not run: by its brackets and its last sign."""
    depth = 0
    for token in _TOKENS.findall(code):
        if token[0] in "'\"rR" and not _ENDED.fullmatch(token):
            return "incomplete"  # a string that does not end
        depth += (token in "([{") - (token in ")]}")
    plain = _TOKENS.sub(lambda match: "" if match[0].startswith("#") else "x", code)
    return "incomplete" if depth > 0 or _UNFINISHED.search(plain) else "unknown"
