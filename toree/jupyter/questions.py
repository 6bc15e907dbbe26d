"""Questions to the user: `input()`, answered by the client that sent the cell and no other.

Cells of several sessions may ask at the same time, each on its thread; they have one socket.
"""

from __future__ import annotations

import dataclasses
import threading
from collections import deque

import zmq
from ipykernel.ipkernel import IPythonKernel

from ..foreign import Json, Jupyter
from ..running import is_stopped

_END = "\x04"  # Ctrl-D
_REMEMBERED = 1000  # questions that are over


@dataclasses.dataclass(eq=False)
class _Question:
    asker: str  # the Jupyter session of the client
    names: set[str]  # ids an answer may call it by: its own message's, the cell's
    value: str | None = None


class Questions:
    """Asks them. Thread-safe."""

    def __init__(self, kernel: IPythonKernel) -> None:
        self._kernel = kernel
        self._lock = threading.Lock()  # a socket is one thread's at a time
        self._open: list[_Question] = []  # the oldest first
        self._over: deque[str] = deque(maxlen=_REMEMBERED)

    def ask(self, prompt: str, ident: Jupyter, parent: Jupyter, password: bool) -> str:
        """As ipykernel asks, which takes whatever any client sends for an answer.

        Raises:
            EOFError: the user ended the input.
            KeyboardInterrupt: the cell was stopped meanwhile.
        """
        header = parent.get("header", {})
        question = _Question(header.get("session", ""), {header.get("msg_id", "")})
        session, socket = self._kernel.session, self._kernel.stdin_socket
        assert session is not None
        content = {"prompt": prompt, "password": password}
        try:
            with self._lock:
                self._sort()  # answers to questions that are over
                sent = session.send(socket, "input_request", content, parent, ident=ident)
                if sent:
                    question.names.add(sent["header"]["msg_id"])
                self._open.append(question)
            while question.value is None:
                with self._lock:
                    socket.poll(10, zmq.POLLIN)  # short: a signal must come through everywhere
                    self._sort()
                if is_stopped():  # on a thread that no signal reaches
                    raise KeyboardInterrupt
        except KeyboardInterrupt:
            raise KeyboardInterrupt("Interrupted by user") from None
        finally:
            if question in self._open:
                self._open.remove(question)
            self._over.extend(question.names - {header.get("msg_id", "")})
        if question.value == _END:
            raise EOFError
        return question.value

    def _sort(self) -> None:
        """Gives the answers that are there to whom they are for; the others are passed over."""
        while (reply := self._next()) is not None:
            found = self._of(reply)
            if found is not None:
                found.value = str(reply["content"].get("value", ""))

    def _of(self, reply: Json) -> _Question | None:
        asker = reply["header"].get("session", "")
        waiting = [q for q in self._open if q.value is None and q.asker in ("", asker)]
        named = (reply.get("parent_header") or {}).get("msg_id", "")
        if named in self._over:
            return None
        # Many clients don't say which question they mean.
        return next((q for q in waiting if named in q.names), next(iter(waiting), None))

    def _next(self) -> Json | None:
        """A message that is there; None when none is."""
        session = self._kernel.session
        assert session is not None
        while True:
            try:
                _, message = session.recv(self._kernel.stdin_socket, mode=zmq.NOBLOCK)
            except (ValueError, TypeError):  # a wrong signature, or no message at all
                continue
            if message is None or message.get("msg_type") == "input_reply":
                return message
