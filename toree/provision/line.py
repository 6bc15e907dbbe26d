"""The line between near and far: JSON objects, one a line of text, over pipes or a TLS socket."""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
import ssl
import threading
import time
from typing import Protocol

from ..foreign import Json

#: Bytes of one message: an environment, or the end of a log, and no more.
LIMIT = 1 << 20
#: What a line over pipes begins with: a login shell may print before it.
MARK = b"toree-line-1"


class LineCut(OSError):
    """The other side is gone, or says what nobody expects."""


class Wire(Protocol):
    """Bytes both ways; `read` gives b"" at the end, None when there is nothing yet."""

    def read(self) -> bytes | None: ...
    def write(self, data: bytes) -> None: ...
    def wait(self, seconds: float) -> bool: ...
    def close(self) -> None: ...


class Pipes:
    """Two ends of pipes, such as a child's stdout and stdin."""

    def __init__(self, source: int, sink: int) -> None:
        self.source = source
        self.sink = sink

    def read(self) -> bytes | None:
        return os.read(self.source, 65536)

    def write(self, data: bytes) -> None:
        while data:
            data = data[os.write(self.sink, data) :]

    def wait(self, seconds: float) -> bool:
        return _poll(self.source, select.POLLIN, seconds)

    def close(self) -> None:
        for end in (self.source, self.sink):
            with contextlib.suppress(OSError):
                os.close(end)


class Socket:
    """A TLS socket that one thread reads and others write: OpenSSL wants them one at a time."""

    def __init__(self, connection: ssl.SSLSocket) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        connection.settimeout(0)
        keep_alive(connection)

    def read(self) -> bytes | None:
        try:
            with self._lock:
                return self._connection.recv(65536)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return None

    def write(self, data: bytes) -> None:
        while data:
            try:
                with self._lock:
                    data = data[self._connection.send(data) :]
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                _poll(self._connection.fileno(), select.POLLOUT, 1.0)

    def wait(self, seconds: float) -> bool:
        with self._lock:
            decrypted = self._connection.pending() > 0
        return decrypted or _poll(self._connection.fileno(), select.POLLIN, seconds)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        self._connection.close()


def _poll(fd: int, event: int, seconds: float) -> bool:
    if fd < 0:
        raise LineCut("The line is closed.")
    poll = select.poll()
    poll.register(fd, event)
    return bool(poll.poll(max(seconds, 0) * 1000))


def keep_alive(connection: socket.socket) -> None:
    """A peer whose machine is gone is noticed within about a minute."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", 20), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 4)):
        if hasattr(socket, name):
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


class Line:
    """Messages over a wire. One thread receives; any may send."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._rest = b""
        self._sending = threading.Lock()

    def send(self, **message: object) -> None:
        """Raises LineCut when nobody is there."""
        text = json.dumps(message).encode() + b"\n"
        try:
            with self._sending:
                self._wire.write(text)
        except (OSError, ValueError) as error:
            raise LineCut(f"The line is cut: {error}") from error

    def receive(self, timeout: float | None = None, limit: int = LIMIT) -> Json | None:
        """The next message; None when there is none in time.

        Raises:
            LineCut: the other side is gone, or what it says is no message.
        """
        text = self._text(timeout, limit)
        if text is None:
            return None
        try:
            message = json.loads(text)
        except ValueError as error:
            raise LineCut("The other side sends no messages of ours.") from error
        if not isinstance(message, dict):
            raise LineCut("The other side sends no messages of ours.")
        return message

    def meet(self, timeout: float) -> bool:
        """Skips what a shell prints before the line begins; whether it has begun in time."""
        deadline = time.monotonic() + timeout
        while (text := self._text(deadline - time.monotonic(), LIMIT)) is not None:
            if text.strip() == MARK:
                return True
        return False

    def _text(self, timeout: float | None, limit: int) -> bytes | None:
        deadline = None if timeout is None else time.monotonic() + timeout
        while b"\n" not in self._rest:
            if len(self._rest) > limit:
                raise LineCut("The other side sends more than a message may have.")
            left = 3600.0 if deadline is None else deadline - time.monotonic()
            if left <= 0:
                return None
            try:
                if not self._wire.wait(min(left, 1.0)):
                    continue  # also to see that this end has been closed
                data = self._wire.read()
            except (OSError, ValueError) as error:
                raise LineCut(f"The line is cut: {error}") from error
            if data == b"":
                raise LineCut("The line is cut: the other side is gone.")
            self._rest += data or b""
        text, _, self._rest = self._rest.partition(b"\n")
        return text

    def close(self) -> None:
        self._wire.close()
