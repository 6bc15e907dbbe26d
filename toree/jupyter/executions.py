"""Which execute_request runs where, and how a client stops just one of them."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator

_REMEMBERED = 1000  # of those that are to be stopped and have not come yet


class Executions:
    """By the ids of their requests. Thread-safe."""

    def __init__(self, stop: Callable[[str], None]) -> None:
        """`stop` stops a cell that runs on another thread than the main one."""
        self._stop = stop
        self._running: dict[str, str | None] = {}  # the cell's id; None: on the main thread
        self._cancelled: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def running(self, request: str, cell: str) -> Iterator[None]:
        """Reports an execution for as long as it runs.

        Raises:
            KeyboardInterrupt: it was cancelled as it began.
        """
        main = threading.current_thread() is threading.main_thread()
        with self._lock:
            self._running[request] = None if main else cell
        try:
            # `cancel` notes the request first and then looks whether it runs: one of us sees.
            if self.cancelled(request):
                raise KeyboardInterrupt
            yield
        finally:
            self._ended(request)

    def _ended(self, request: str) -> None:
        with self._lock:
            self._running.pop(request, None)
            self._cancelled.pop(request, None)

    def cancelled(self, request: str) -> bool:
        """Whether an execution is to be passed over."""
        with self._lock:
            return request in self._cancelled

    def cancel(self, request: str) -> None:
        """Stops it if it runs; if it is still to come, it will not begin. From any thread."""
        with self._lock:
            self._cancelled[request] = None
            while len(self._cancelled) > _REMEMBERED:
                self._cancelled.popitem(last=False)
            if request not in self._running:
                return
            cell = self._running[request]
            if cell is None:  # under the lock: it can't end before the signal is there
                signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        if cell is not None:
            self._stop(cell)
