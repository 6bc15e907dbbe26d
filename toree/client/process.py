"""Which process of a kernel speaks: others may have restarted it, and nobody tells us."""

from __future__ import annotations

import asyncio
from collections import deque

from .asking import Asking
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
        #: Cleared when a new process is known by another channel than that of the outputs, which
        #: joins on its own and later: what it brings before it has is lost.
        self.hears = asyncio.Event()
        self.hears.set()

    def expect(self) -> None:
        """The server has told of a restart: the next process is no news."""
        self._expected = True

    def is_new(self, message: Message) -> bool:
        """Whether this is the first message of another process than the one before."""
        if message.kind == "status" and message.content.get("execution_state") in _STATES:
            return False
        session = str(message.header.get("session", ""))
        if session == "" or session in self._former:
            return False
        if message.channel == "iopub":
            self.hears.set()
        if session == self._now:
            return False
        before, self._now = self._now, session
        if before:
            self._former.append(before)
            if message.channel != "iopub":
                self.hears.clear()
        told, self._expected = self._expected, False
        return bool(before) and not told


async def ping(connection: Asking, patience: float, aloud: bool = False) -> None:
    """Asks a kernel which process it is; whoever reads its messages sees the answer.

    `aloud`: with a request that the kernel tells all its clients of, on iopub.
    """
    kind = "kernel_info_request" if aloud else "toree_request"
    asked = asyncio.ensure_future(connection.request("control", kind, {"op": "ping"}))
    # Not wait_for, which before Python 3.12 drops a cancellation that comes with the answer. What
    # went wrong is told to those who wait for the cells.
    try:
        await asyncio.wait([asked], timeout=patience)
    finally:
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)
