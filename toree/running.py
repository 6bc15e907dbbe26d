"""The cells that run: which they are, where each prints, how each is stopped.

There may be several at a time (subshells). What comes from outside with a cell's id, an event of
the JVM or of a Spark job, finds the cell's output here.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import threading
import uuid
from collections.abc import Callable, Iterator

from .interpreters.base import Output


def new_id() -> str:
    """A cell's id: also of its Spark jobs, and so unique over all kernels of an application."""
    return f"toree-{uuid.uuid4().hex[:12]}"


def call_of(cell: str) -> str:
    """An id for one of the calls that a cell makes of the JVM; `Cells.find` knows the cell by it.

    Py4J sends a call again when its connection breaks, so the JVM runs no id twice.
    """
    return f"{cell}.{next(_CALLS)}"


_CALLS = itertools.count(1)


@dataclasses.dataclass(frozen=True)
class Running:
    """A cell that runs. `stop` stops it, from any thread."""

    id: str
    language: str
    output: Output
    stop: Callable[[], None]


class Cells:
    """The running cells of a kernel, the newest last. Thread-safe."""

    def __init__(self) -> None:
        self._running: list[Running] = []
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def running(self, language: str, output: Output, stop: Callable[[], None]) -> Iterator[Running]:
        """Reports a cell for as long as it runs."""
        cell = Running(output.cell, language, output, stop)
        with self._lock:
            self._running.append(cell)
        try:
            yield cell
        finally:
            with self._lock:
                self._running.remove(cell)

    def find(self, cell: str) -> Running | None:
        """The cell of an id, or of a call's; None when it runs no more."""
        whole = cell.partition(".")[0]
        with self._lock:
            return next((c for c in reversed(self._running) if c.id == whole), None)

    def of(self, language: str) -> bool:
        """Whether a cell of this language runs."""
        return any(cell.language == language for cell in self)

    def __iter__(self) -> Iterator[Running]:
        with self._lock:
            return iter(list(self._running))

    def stop(self) -> None:
        """Stops every cell, as the stop button does; from any thread."""
        for cell in self:
            cell.stop()
