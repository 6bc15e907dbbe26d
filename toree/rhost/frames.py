"""Messages on a pair of pipes: the length in 4 bytes, big endian, and a JSON object. No pickle."""

from __future__ import annotations

import json
import os
import struct
import threading

from ..foreign import Json

Message = Json

_LENGTH = struct.Struct(">I")


class Channel:
    """Both directions of the talk between front and host. `send` is thread-safe."""

    def __init__(self, read_fd: int, write_fd: int) -> None:
        self._reader = os.fdopen(read_fd, "rb", buffering=1 << 16)
        self._write_fd = write_fd
        self._lock = threading.Lock()

    def send(self, message: Message) -> None:
        """Sends one message.

        Raises:
            OSError: the other side is gone.
        """
        data = json.dumps(message, ensure_ascii=False).encode("utf-8", "surrogatepass")
        with self._lock:
            self._write(_LENGTH.pack(len(data)) + data)

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._write_fd, rest) :]

    def receive(self) -> Message:
        """Waits for one message. Only one thread may receive.

        Raises:
            EOFError: the other side is gone.
        """
        (length,) = _LENGTH.unpack(self._read(_LENGTH.size))
        message: Message = json.loads(self._read(length).decode("utf-8", "surrogatepass"))
        return message

    def _read(self, size: int) -> bytes:
        data = self._reader.read(size)
        if len(data) < size:
            raise EOFError("the other side of the pipe is gone")
        return data

    def close(self) -> None:
        self._reader.close()
        with self._lock:
            if self._write_fd >= 0:
                os.close(self._write_fd)
                self._write_fd = -1
