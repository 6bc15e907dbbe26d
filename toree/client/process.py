"""Which process of a kernel speaks: others may have restarted it, and nobody tells us."""

from __future__ import annotations

from collections import deque

from .messages import Message

PULSE = 5.0  # seconds of silence after which a kernel is asked whether it is still the same
#: Told by servers, in their own name.
_STATES = ("restarting", "dead")


class Process:
    """Told by the session that its messages name: each process of a Toree kernel has its own."""

    def __init__(self) -> None:
        self._now = ""
        self._former: deque[str] = deque(maxlen=20)  # a server may still send what they said
        self._expected = False

    def expect(self) -> None:
        """The server has told of a restart: the next process is no news."""
        self._expected = True

    def is_new(self, message: Message) -> bool:
        """Whether this is the first message of another process than the one before."""
        if message.kind == "status" and message.content.get("execution_state") in _STATES:
            return False
        session = str(message.header.get("session", ""))
        if session in (self._now, "") or session in self._former:
            return False
        before, self._now = self._now, session
        if before:
            self._former.append(before)
        told, self._expected = self._expected, False
        return bool(before) and not told
