"""Threads that Python cells start: the Spark jobs of each belong to the cell, as the cell's own do.

So the stop button cancels them, the bar counts them, and what the JVM prints for them is seen. A
thread is of the cell that started it, and stays so while later cells run; work for an executor is
of the cell that submitted it. Of other threads (of a pool of `multiprocessing`'s, or older than
PySpark) the newest cell is taken.

PySpark gives each thread a connection of its own, and the JVM a thread that serves it; that is told
of the cell before the first command, and before the next once the cell is another. A stop ends the
connection: the one after it, in a cell that went on, is told again.
"""

from __future__ import annotations

import contextlib
import contextvars
import dataclasses
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from ..foreign import JavaObject
from ..handlers import Handlers

P = ParamSpec("P")
T = TypeVar("T")


@dataclasses.dataclass(frozen=True)
class Entered:
    """The Python cell whose code runs: its job group, and the session of a private workspace."""

    workspace: str
    group: str
    line: str
    own: Callable[[], object] | None
    handlers: Handlers | None = None  # of progress


#: Of the cell, and of the tasks it starts.
ENTERED: contextvars.ContextVar[Entered | None] = contextvars.ContextVar("toree_cell", default=None)


class Threads:
    """Who tells the JVM of them. Of threads that are nobody's, the newest cell of all is taken,
    but not with private workspaces beside it."""

    def __init__(self) -> None:
        self.newest: Entered | None = None
        self.private = False  # there are private workspaces
        self._of = threading.local()

    def begin(self, cell: Entered, entry: JavaObject | None) -> None:
        """A cell itself runs on the calling thread; `entry`: the JVM's, where PySpark has one."""
        ENTERED.set(cell)
        self._of.cells = True
        if entry is not None:
            self._enter(entry, cell)

    def watch(self, gateway: JavaObject) -> None:
        """From now on, for a gateway of PySpark's."""
        _mark_threads()
        client = gateway._gateway_client
        plainly = client._get_connection

        def connection() -> JavaObject:
            there = client.get_thread_connection()
            # A thread that the JVM calls back on (foreachBatch) is its query's.
            called_back = there is not None and not there.initiated_from_client
            cell = None if called_back else self._cell()
            if cell is not None and not self._is_told(there, cell):
                self._enter(gateway.entry_point, cell)
            return plainly()

        client._get_connection = connection

    def _is_told(self, connection: JavaObject | None, cell: Entered) -> bool:
        if connection is None or connection.socket is None:
            return False
        return getattr(self._of, "cells", False) or getattr(self._of, "cell", None) is cell

    def _enter(self, entry: JavaObject, cell: Entered) -> None:
        if getattr(self._of, "entering", False):  # the command that says it
            return
        self._of.entering, self._of.cell = True, cell
        try:
            with contextlib.suppress(Exception):  # the command itself will say what is wrong
                entry.enter(cell.workspace, cell.group, cell.line, True)
        finally:
            self._of.entering = False

    def _cell(self) -> Entered | None:
        """Whose the calling thread is; None for those that need not be told of."""
        thread = threading.current_thread()
        if getattr(self._of, "cells", False) or thread is threading.main_thread():
            return ENTERED.get()  # of the cell itself, which has said so: told after a stop only
        if thread.name.startswith(("toree", "IOPub")):
            return None
        return _entered() or (None if self.private else self.newest)


def _entered() -> Entered | None:
    """The cell whose code runs on this thread, where that is known."""
    cell: Entered | None = getattr(threading.current_thread(), _MARK, None)
    return ENTERED.get() or cell


def _mark_threads() -> None:
    """Has threads and work for executors remember the cell they come from."""
    if getattr(threading.Thread.start, _MARK, False):
        return
    start, submit = threading.Thread.start, ThreadPoolExecutor.submit

    def marked_start(thread: threading.Thread) -> None:
        if (cell := _entered()) is not None and not _serves_a_pool(thread):
            setattr(thread, _MARK, cell)
        start(thread)

    def marked_submit(
        pool: ThreadPoolExecutor, work: Callable[P, T], /, *args: P.args, **named: P.kwargs
    ) -> Future[T]:
        if (cell := _entered()) is None:
            return submit(pool, work, *args, **named)
        return submit(pool, _within, cell, work, *args, **named)

    setattr(marked_start, _MARK, True)
    threading.Thread.start = marked_start  # type: ignore
    ThreadPoolExecutor.submit = marked_submit  # type: ignore


def _within(cell: Entered, work: Callable[P, T], /, *args: P.args, **named: P.kwargs) -> T:
    token = ENTERED.set(cell)
    try:
        return work(*args, **named)
    finally:
        ENTERED.reset(token)


def _serves_a_pool(thread: threading.Thread) -> bool:
    """Whether it is of `multiprocessing.pool.ThreadPool`, whose work may come from any cell."""
    dummy = sys.modules.get("multiprocessing.dummy")
    return dummy is not None and isinstance(thread, dummy.DummyProcess)


_MARK = "_toree_cell"
