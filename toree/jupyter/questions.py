"""Questions to the user: `input()`, answered by the client that sent the cell and no other."""

from __future__ import annotations

from typing import Any

import zmq
from ipykernel.ipkernel import IPythonKernel

from ..running import is_stopped

_END = "\x04"  # Ctrl-D


def ask(kernel: IPythonKernel, prompt: str, ident: Any, parent: Any, password: bool) -> str:
    """As ipykernel asks, which takes whatever any client sends for an answer.

    Raises:
        EOFError: the user ended the input.
        KeyboardInterrupt: the cell was stopped meanwhile.
    """
    session, socket = kernel.session, kernel.stdin_socket
    assert session is not None
    asker = parent.get("header", {}).get("session")
    while _next(session, socket) is not None:
        pass  # answers to questions that are over
    content = {"prompt": prompt, "password": password}
    session.send(socket, "input_request", content, parent, ident=ident)
    while True:
        try:
            socket.poll(10, zmq.POLLIN)  # short: a signal must come through on every system
            reply = _next(session, socket)
        except KeyboardInterrupt:
            raise KeyboardInterrupt("Interrupted by user") from None
        if is_stopped():  # on a thread that no signal reaches
            raise KeyboardInterrupt("Interrupted by user")
        if reply is None or (asker and reply["header"].get("session") != asker):
            continue
        value = str(reply["content"].get("value", ""))
        if value == _END:
            raise EOFError
        return value


def _next(session: Any, socket: Any) -> dict[str, Any] | None:
    """A message that is there; None when none is, or it is no good."""
    try:
        _, message = session.recv(socket, mode=zmq.NOBLOCK)
    except (ValueError, TypeError):  # a wrong signature, or no message at all
        return None
    return message if message and message.get("msg_type") == "input_reply" else None
