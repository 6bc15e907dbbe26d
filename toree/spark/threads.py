"""Threads that Python cells start: the Spark jobs of each belong to the cell, as the cell's own do.

So the stop button cancels them, the bar counts them, and what the JVM prints for them is seen.
PySpark gives each thread a connection of its own, and the JVM a thread that serves it; that is told
of the cell before the first command, and of a newer cell before the next (threads of a pool are
older than most cells they work for).
"""

from __future__ import annotations

import contextlib
import dataclasses
import threading
from typing import Any

from ..foreign import JavaObject


@dataclasses.dataclass(frozen=True)
class CellTag:
    """The cell whose jobs they are."""

    workspace: str
    group: str
    line: str


class Threads:
    """Those of the shared workspace. With private ones beside it nobody knows whose one is."""

    def __init__(self) -> None:
        self.newest: CellTag | None = None
        self.private = False  # there are private workspaces
        self._of = threading.local()

    def runs_cells(self) -> None:
        """Cells themselves run on the calling thread: they say so on their own."""
        self._of.cells = True

    def watch(self, gateway: JavaObject) -> None:
        """From now on, for a gateway of PySpark's."""
        client = gateway._gateway_client
        plainly = client._get_connection

        def connection() -> Any:
            tag = self.newest
            there = client.get_thread_connection()
            # A thread that the JVM calls back on (foreachBatch) is its query's.
            called_back = there is not None and not there.initiated_from_client
            if tag is not None and not called_back and self._is_new(tag):
                self._of.tag = tag
                with contextlib.suppress(Exception):  # the command itself will say what is wrong
                    gateway.entry_point.enter(tag.workspace, tag.group, tag.line, True)
            return plainly()

        client._get_connection = connection

    def _is_new(self, tag: CellTag) -> bool:
        of, thread = self._of, threading.current_thread()
        if self.private or getattr(of, "cells", False) or getattr(of, "tag", None) is tag:
            return False
        ours = thread is threading.main_thread() or thread.name.startswith(("toree", "IOPub"))
        return not ours
