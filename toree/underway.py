"""The cells that run: which they are, told by their ids, and stopped together.

There may be several at a time (subshells). What comes from outside with a cell's id, an event of
the JVM or of a Spark job, finds the cell's output here.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator

from .interpreters.base import Output
from .running import CURRENT, Running, check

_KEPT = 100  # cells that have ended, for what their threads show


class Cells:
    """The running cells of a kernel, the newest last. From any thread; takes no lock to read."""

    def __init__(self) -> None:
        self._running: tuple[Running, ...] = ()
        self._ended: dict[str, Output] = {}  # the newest
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def running(
        self, language: str, output: Output, interrupt: Callable[[], None]
    ) -> Iterator[Running]:
        """Reports a cell for as long as it runs.

        Raises:
            KeyboardInterrupt: the cell that it is part of was told to stop.
        """
        check()
        cell = Running(language, output, interrupt)
        token = CURRENT.set(cell)
        try:
            with self._lock:
                self._running = (*self._running, cell)
            yield cell
        finally:
            try:
                self._leave(cell)
            finally:  # a stop may come in the middle, where this is a step of another's code
                self._leave(cell)
                CURRENT.reset(token)

    def _leave(self, cell: Running) -> None:
        with self._lock:
            self._running = tuple(other for other in self._running if other is not cell)
            self._ended[cell.id] = cell.output
            if len(self._ended) > _KEPT:
                del self._ended[next(iter(self._ended))]

    @contextlib.contextmanager
    def entered(self, language: str, output: Output) -> Iterator[Running]:
        """The cell that runs here, reported by who has called us or else by us."""
        there = CURRENT.get()
        if there is not None and (there.id, there.language) == (output.cell, language):
            yield there
        else:
            with self.running(language, output, lambda: None) as made:
                yield made

    def find(self, cell: str) -> Running | None:
        """The cell of an id, or of a call's; None when it runs no more."""
        whole = cell.partition(".")[0]
        return next((c for c in reversed(self._running) if c.id == whole), None)

    def output(self, cell: str) -> Output | None:
        """Where a cell shows things, also what its threads show after its end."""
        found = self.find(cell)
        return self._ended.get(cell.partition(".")[0]) if found is None else found.output

    def of(self, language: str) -> bool:
        """Whether a cell of this language runs."""
        return any(cell.language == language for cell in self)

    def __iter__(self) -> Iterator[Running]:
        return iter(self._running)

    def stop(self) -> None:
        """Stops every cell, as the stop button does."""
        for cell in self._running:
            cell.stop()

    def tell(self, language: str) -> None:
        """Stops the cells of a language that run in another process."""
        for cell in self._running:
            if cell.language == language:
                cell.tell()
