"""Stops the running cell. The front writes the cell's id to a pipe; no signal is sent to us.

R takes an interrupt at its safe points when `R_interrupts_pending` is set and
`R_interrupts_suspended` is not (cells run inside `allowInterrupts`). Setting the flag is not
enough: R polls only every 1,000 evaluations, sleeps in select(), waits for children, and waits
for Spark. So while the flag stays up and the cell lives, a helper thread

- every 10 ms signals SIGUSR2 (which does nothing) to the main thread: it ends a select();
- every 0.1 s cancels the cell's Spark jobs, if a Spark call runs (one that has not begun yet
  can't be cancelled, hence again and again);
- after 0.1 s, then every 0.2 s, sends SIGINT to the children, as a terminal does, and asks R for
  one garbage collection at the next allocation: at the end of it R looks at the flag.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import threading
import time
from collections import deque
from collections.abc import Callable

from .processes import end_session, signal_session

_TICK = 0.01
_SPARK_EVERY = 0.1
_PUSH_AFTER = 0.1
_PUSH_EVERY = 0.2
_LOOK = 1.0  # seconds between two looks at whether the front is there


class Interrupts:
    """Owns the helper thread and R's two flags."""

    def __init__(
        self,
        fd: int,
        libr: ctypes.CDLL,
        collect: Callable[[bool], None] | None,
        cancel: Callable[[str], None],
    ) -> None:
        """
        Args:
            fd: read end of the pipe on which ids of cells come, one a line.
            libr: R's shared library, already initialised.
            collect: asks R for a collection at its next allocation (collector.py).
            cancel: cancels the Spark jobs of a cell if a Spark call runs; called on the helper
                thread, must not touch R.
        """
        self._fd = fd
        self._cancel = cancel
        self._pending = ctypes.c_int.in_dll(libr, "R_interrupts_pending")
        # Suspended once and for all: only cells, in their allowInterrupts, can be interrupted.
        ctypes.c_int.in_dll(libr, "R_interrupts_suspended").value = 1
        self._collect = collect
        self._lock = threading.Lock()
        self._live: str | None = None
        self._early: deque[str] = deque(maxlen=100)  # stopped while something else was live
        self._main = threading.main_thread().ident or 0
        self._front = os.getppid()

    def start(self) -> None:
        # Set after R and Spark, which install handlers of their own. A Python no-op rather than
        # SIG_IGN, which children inherit through exec: they could not be stopped then.
        signal.signal(signal.SIGINT, lambda *_: None)
        signal.signal(signal.SIGUSR2, lambda *_: None)
        threading.Thread(target=self._watch, name="interrupts", daemon=True).start()

    def begin(self, cell: str) -> None:
        """From here on `cell` can be interrupted; what was meant for another cell is forgotten."""
        with self._lock:
            self._pending.value = 0
            self._live = cell

    def ask(self, question: str) -> bool:
        """As `begin`, for a question; False where it was stopped before it began."""
        with self._lock:
            if question in self._early:
                return False
            self._pending.value = 0
            self._live = question
            return True

    def now(self) -> None:
        """R is not to go on when what it waits for returns; called on its own thread."""
        with self._lock:
            if self._live is not None:
                self._pending.value = 1
                self._collect_once(True)

    def end(self) -> None:
        with self._lock:
            self._live = None
            self._pending.value = 0
            self._collect_once(False)

    def _watch(self) -> None:
        rest = b""
        while self._has_front():
            if not select.select([self._fd], [], [], _LOOK)[0]:
                continue
            if not (data := os.read(self._fd, 4096)):
                break
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                self._stop(line.decode())
        # The front is gone: so is everything of ours, whatever R is doing.
        end_session()

    def _has_front(self) -> bool:
        """A fork of the front that knows nothing of us keeps its end of the pipe open."""
        return os.getppid() == self._front

    def _stop(self, cell: str) -> None:
        with self._lock:
            if cell != self._live:
                self._early.append(cell)
                return
            self._pending.value = 1
        began = time.monotonic()
        spark_at, push_at = began, began + _PUSH_AFTER
        while True:
            with self._lock:
                if cell != self._live or not self._pending.value:
                    self._collect_once(False)
                    return
                signal.pthread_kill(self._main, signal.SIGUSR2)
                now = time.monotonic()
                if now >= push_at:
                    push_at = now + _PUSH_EVERY
                    signal_session(os.getsid(0), signal.SIGINT)
                    self._collect_once(True)
            if now >= spark_at:
                spark_at = now + _SPARK_EVERY
                self._cancel(cell)
            time.sleep(_TICK)

    def _collect_once(self, soon: bool) -> None:
        if self._collect is not None:
            self._collect(soon)
