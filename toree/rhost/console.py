"""R's console: what R prints, what programs it starts print, and the answers to its questions."""

from __future__ import annotations

import codecs
import os
import select
import threading
import time
from collections.abc import Callable
from typing import Literal

StreamName = Literal["stdout", "stderr"]

_BATCH = 1 << 15  # bytes
_READS = 16  # of 64 KB at a time
_DELAY = 0.03  # seconds
_BREATH = 0.005


class Console:
    """Collects output in batches, in the order in which it was written.

    R writes through `write`. Programs started by R write to file descriptors 1 and 2, which
    become pipes into this object; what is in them is taken first, so order holds there too.
    """

    def __init__(self, send: Callable[[StreamName, str], None]) -> None:
        self._send = send
        self.before: Callable[[], None] = lambda: None  # runs before text, on any thread
        self._pid = os.getpid()
        self._lock = threading.RLock()
        self._name: StreamName = "stdout"
        self._parts: list[bytes] = []
        self._size = 0
        self._waiting = threading.Event()
        self._decoders = {
            name: codecs.getincrementaldecoder("utf-8")("replace") for name in ("stdout", "stderr")
        }
        self._fds: dict[int, StreamName] = {}

    def start(self) -> None:
        """Takes over file descriptors 1 and 2."""
        for fd, name in ((1, "stdout"), (2, "stderr")):
            read_end, write_end = os.pipe()
            os.dup2(write_end, fd, inheritable=True)
            os.close(write_end)
            os.set_blocking(read_end, False)
            self._fds[read_end] = "stdout" if name == "stdout" else "stderr"
        threading.Thread(target=self._read, name="console", daemon=True).start()
        threading.Thread(target=self._flush_late, name="console-flush", daemon=True).start()

    def write(self, name: StreamName, data: bytes) -> None:
        """Text from R, on the main thread (or in a process R forked: mclapply)."""
        if os.getpid() != self._pid:  # no threads here, and locks may be held for ever
            os.write(1 if name == "stdout" else 2, data)
            return
        if not data:
            return
        self.before()
        with self._lock:
            self._drain()
            self._add(name, data)

    def flush(self) -> None:
        """Sends all that was written so far."""
        with self._lock:
            self._drain()
            self._flush()

    def _add(self, name: StreamName, data: bytes) -> None:
        if name != self._name:
            self._flush()
            self._name = name
        self._parts.append(data)
        self._size += len(data)
        if self._size >= _BATCH:
            self._flush()
        else:
            self._waiting.set()

    def _flush(self) -> None:
        if self._parts:
            text = self._decoders[self._name].decode(b"".join(self._parts))
            self._parts.clear()
            self._size = 0
            if text:
                self._send(self._name, text)

    def _drain(self) -> None:
        for fd, name in self._fds.items():
            for _ in range(_READS):  # a program that never stops must not keep us here
                try:
                    data = os.read(fd, 1 << 16)
                except BlockingIOError:
                    break
                if not data:
                    break
                self._add(name, data)

    def _read(self) -> None:
        while True:
            select.select(list(self._fds), [], [])
            self.before()  # not under the lock: it may flush from under one of its own
            with self._lock:
                self._drain()
            time.sleep(_BREATH)  # locks are not fair: R's answers get their turn here

    def _flush_late(self) -> None:
        while True:
            self._waiting.wait()
            self._waiting.clear()
            time.sleep(_DELAY)
            with self._lock:
                self._flush()
