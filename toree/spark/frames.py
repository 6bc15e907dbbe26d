"""Spark DataFrames in the kernel process: handles to and from the JVM, local tables to Spark.

Calls go over PySpark's own connection but on a thread of their own, so that an interrupt of the
cell that waits never hits one of them in the middle.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from .. import running, wire
from ..foreign import PySparkFrame
from ..interpreters.base import Bundle
from ..preview import Preview
from . import arrow, causes, grid
from .session import PythonSpark

T = TypeVar("T")


class Frames:
    """DataFrames by key; the keys are unique and whoever asks for one drops it."""

    def __init__(self, spark: PythonSpark, workspace: str) -> None:
        self._spark = spark
        self._workspace = workspace
        self._numbers = itertools.count(1)
        self._threads = ThreadPoolExecutor(4, thread_name_prefix="toree-frames")
        self._grids = grid.Grids()

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._grids.close()

    def key(self, name: str) -> str:
        """A key no REPL name can be."""
        return f"{name}@{next(self._numbers)}"

    def call(self, work: Callable[[], T]) -> T:
        return running.result(self._threads.submit(work))

    def hold(self, frame: PySparkFrame, name: str) -> wire.Frame:
        """Puts a PySpark DataFrame of this session under a key.

        Raises:
            TypeError: it belongs to another Spark application.
        """

        def put() -> wire.Frame:
            session, context = self._spark.attach()
            if getattr(frame, "_sc", None) is not context:
                raise TypeError("a DataFrame of another Spark session than this notebook's")
            key = self.key(name)
            session._sc._gateway.entry_point.putShared(self._workspace, key, frame._jdf)
            return wire.Frame(key)

        return self.call(put)

    def frame(self, held: wire.Frame) -> PySparkFrame:
        """The PySpark DataFrame under a key."""

        def find() -> PySparkFrame:
            from pyspark.sql import DataFrame

            session, context = self._spark.attach()
            found = context._gateway.entry_point.getShared(self._workspace, held.key)
            if found is None:
                raise TypeError("the DataFrame is gone")
            return DataFrame(found, session)

        return self.call(find)

    def schema(self, held: wire.Frame) -> list[tuple[str, str]]:
        """Names and Spark types of the columns; runs no job."""
        frame = self.frame(held)
        return self.call(lambda: [(f.name, f.dataType.simpleString()) for f in frame.schema])

    def preview(self, held: wire.Frame, rows: int) -> Preview:
        """The first rows."""
        frame = self.frame(held)
        return self.call(lambda: _preview(frame, rows))

    def table(self, name: str) -> PySparkFrame:
        """The PySpark DataFrame of a table or view of the catalog.

        Raises:
            TypeError: there is none.
        """

        def find() -> PySparkFrame:
            session, _ = self._spark.attach()
            try:
                return session.table(name)
            except Exception as error:  # Spark's, whatever it makes of a name
                raise TypeError(causes.of_analysis(str(error))) from error

        return self.call(find)

    def publish(self, table: PySparkFrame, name: str) -> None:
        """Makes a DataFrame a global temporary view."""
        quoted = "`" + name.replace("`", "``") + "`"
        self.call(lambda: table.createOrReplaceGlobalTempView(quoted))

    def explore(self, table: PySparkFrame, rows: int, cell: str = "") -> Bundle:
        """A DataFrame of PySpark's or pandas' as a grid, and its first rows for who shows none.

        Its jobs are the cell's until the grid is there; without one, those of the Python cell.
        """
        cell = cell or self._spark.group

        def make() -> Bundle:
            spark = getattr(table, "_jdf", None) is not None
            if spark and table.isStreaming:
                raise TypeError("a stream has no pages: kernel.display.stream shows it")
            if spark:
                table._sc.setJobGroup(cell, "%explore", True)
            first = _preview(table, rows) if spark else None
            try:
                return {**(first.bundle() if first else {}), **self._grids.over(table)}
            except ImportError:
                if first is None:
                    raise TypeError(grid.ADVICE) from None
                return dataclasses.replace(first, note=f"{first.footer}; {grid.ADVICE}").bundle()

        try:
            return self.call(make)
        except KeyboardInterrupt:
            self._spark.cancel(cell)
            raise

    def stop_exploring(self) -> None:
        """Cancels what grids have asked; from any thread, signal handlers too."""
        self._spark.cancel(grid.GROUP)

    def drop(self, held: wire.Frame) -> None:
        """Takes away a key that was made for one crossing; SQL's `-o` names stay."""
        if held.key.startswith("sql:"):
            return

        def drop() -> None:
            _, context = self._spark.attach()
            context._gateway.entry_point.dropShared(self._workspace, held.key)

        self._threads.submit(drop)

    def collect(self, held: wire.Frame) -> PySparkFrame:
        """Rows another language holds itself, as a pyarrow Table."""
        frame = self.frame(held)
        return self.call(lambda: arrow.to_arrow(frame))

    def of_table(self, table: wire.Table, name: str) -> wire.Frame:
        """A local table as a Spark DataFrame."""

        def make() -> wire.Frame:
            session, context = self._spark.attach()
            frame = arrow.of_file(session, table.path)
            key = self.key(name)
            context._gateway.entry_point.putShared(self._workspace, key, frame._jdf)
            return wire.Frame(key, local=True)

        return self.call(make)


def _preview(frame: PySparkFrame, rows: int) -> Preview:
    return Preview.from_wire(json.loads(frame._sc._gateway.entry_point.preview(frame._jdf, rows)))
