"""PySpark's progress handlers: functions of Python cells that are told how far Spark's jobs are.

PySpark has them for Spark Connect alone (`SparkSession.registerProgressHandler`, from 4.0 on); here
they hear of the jobs of every cell of the workspace, in any language, with the cell as operation.
"""

from __future__ import annotations

import contextlib
import contextvars
import dataclasses
import json
import queue
import sys
import threading
from collections.abc import Callable, Iterable
from typing import Protocol

from .errors import ToreeError
from .foreign import Json

_PATIENCE = 5.0  # seconds a cell that has ended waits for a handler


@dataclasses.dataclass(frozen=True)
class StageInfo:
    """As PySpark's (`pyspark.sql.connect.shell.progress`)."""

    stage_id: int
    num_tasks: int
    num_completed_tasks: int
    num_bytes_read: int
    done: bool


class Handler(Protocol):
    def __call__(
        self,
        *,
        stages: Iterable[StageInfo] | None,
        inflight_tasks: int,
        operation_id: str | None,
        done: bool,
    ) -> object: ...


class Handlers:
    """Those of a workspace. They run on a thread of their own, one call after the other."""

    def __init__(self, ask: Callable[[str, bool], str]) -> None:
        """`ask` gives all stages of a cell as JSON (`EntryPoint.stages`)."""
        self._ask = ask
        self._handlers: list[Handler] = []
        self._scopes: dict[str, contextvars.Context] = {}  # of running cells: where prints go
        self._news: queue.SimpleQueue[tuple[str, threading.Event | None]] = queue.SimpleQueue()
        self._waiting: set[str] = set()
        self._thread: threading.Thread | None = None

    def register(self, handler: Handler) -> None:
        self._handlers.append(handler)

    def remove(self, handler: Handler) -> None:
        with contextlib.suppress(ValueError):
            self._handlers.remove(handler)

    def clear(self) -> None:
        self._handlers.clear()

    def __bool__(self) -> bool:
        return bool(self._handlers)

    def begin(self, cell: str) -> None:
        self._scopes[cell] = contextvars.copy_context()

    def tell(self, cell: str) -> None:
        """There is news of a cell; returns at once."""
        if self._handlers and cell not in self._waiting:  # slow ones are told the newest
            self._waiting.add(cell)
            self._put(cell, None)

    def end(self, cell: str) -> None:
        """A cell is over: its last news, where it had jobs. Before the JVM forgets them."""
        if self._handlers:
            told = threading.Event()
            self._put(cell, told)
            told.wait(_PATIENCE)
        self._scopes.pop(cell, None)

    def _put(self, cell: str, told: threading.Event | None) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="toree-handlers", daemon=True)
            self._thread.start()
        self._news.put((cell, told))

    def _run(self) -> None:
        while True:
            cell, told = self._news.get()
            self._waiting.discard(cell)
            try:
                scope = self._scopes.get(cell) or contextvars.copy_context()
                scope.run(self._call, cell, told is not None)
            finally:
                if told is not None:
                    told.set()

    def _call(self, cell: str, done: bool) -> None:
        facts: Json = {}
        with contextlib.suppress(ToreeError, ValueError):  # the JVM has died, or knows of no jobs
            facts = json.loads(self._ask(cell, done))
        if not facts:
            return
        stages = [StageInfo(*row) for row in facts["stages"]]
        for handler in list(self._handlers):
            try:
                handler(
                    stages=stages,
                    inflight_tasks=facts["active"],
                    operation_id=cell,
                    done=done,
                )
            except Exception as error:  # of the user's: the jobs go on, and so do the others
                print(f"{handler!r} failed: {type(error).__name__}: {error}", file=sys.stderr)
                self.remove(handler)
