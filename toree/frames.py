"""Spark DataFrames in the kernel process: handles to and from the JVM, local tables to Spark.

Calls go over PySpark's own connection but on a thread of their own, so that an interrupt of the
cell that waits never hits one of them in the middle.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from . import wire
from .spark import PythonSpark

_WORKSPACE = "main"
T = TypeVar("T")


class Frames:
    """DataFrames by key; the keys are unique and whoever asks for one drops it."""

    def __init__(self, spark: PythonSpark) -> None:
        self._spark = spark
        self._numbers = itertools.count(1)
        self._threads = ThreadPoolExecutor(4, thread_name_prefix="toree-frames")

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    def key(self, name: str) -> str:
        """A key no REPL name can be."""
        return f"{name}@{next(self._numbers)}"

    def call(self, work: Callable[[], T]) -> T:
        return self._threads.submit(work).result()

    def hold(self, frame: Any, name: str) -> wire.Frame:
        """Puts a PySpark DataFrame of this session under a key.

        Raises:
            TypeError: it belongs to another Spark application.
        """

        def put() -> wire.Frame:
            session, context = self._spark.attach()
            if getattr(frame, "_sc", None) is not context:
                raise TypeError("a DataFrame of another Spark session than this notebook's")
            key = self.key(name)
            session._sc._gateway.entry_point.putShared(_WORKSPACE, key, frame._jdf)
            return wire.Frame(key)

        return self.call(put)

    def frame(self, held: wire.Frame) -> Any:
        """The PySpark DataFrame under a key."""

        def find() -> Any:
            from pyspark.sql import DataFrame

            session, context = self._spark.attach()
            found = context._gateway.entry_point.getShared(_WORKSPACE, held.key)
            if found is None:
                raise TypeError("the DataFrame is gone")
            return DataFrame(found, session)

        return self.call(find)

    def drop(self, held: wire.Frame) -> None:
        """Takes away a key that was made for one crossing; SQL's `-o` names stay."""
        if held.key.startswith("sql:"):
            return

        def drop() -> None:
            _, context = self._spark.attach()
            context._gateway.entry_point.dropShared(_WORKSPACE, held.key)

        self._threads.submit(drop)

    def collect(self, held: wire.Frame) -> Any:
        """Rows another language holds itself, as a pyarrow Table."""
        frame = self.frame(held)
        return self.call(lambda: to_arrow(frame))

    def of_table(self, table: wire.Table, name: str) -> wire.Frame:
        """A local table as a Spark DataFrame."""

        def make() -> wire.Frame:
            session, context = self._spark.attach()
            frame = from_arrow(session, read(table.path))
            key = self.key(name)
            context._gateway.entry_point.putShared(_WORKSPACE, key, frame._jdf)
            return wire.Frame(key, local=True)

        return self.call(make)


def read(path: str) -> Any:
    """The pyarrow Table in an Arrow IPC stream; its columns are the file's memory."""
    import pyarrow as pa

    with pa.memory_map(path) as source, pa.ipc.open_stream(source) as reader:
        return reader.read_all()


def write(table: Any, path: Path) -> None:
    import pyarrow as pa

    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)


def to_arrow(frame: Any) -> Any:
    """The rows of a PySpark DataFrame as a pyarrow Table."""
    if hasattr(frame, "toArrow"):  # from Spark 4 on
        return frame.toArrow()
    import pyarrow as pa
    from pyspark.sql.pandas.types import to_arrow_schema

    batches = frame._collect_as_arrow()
    return pa.Table.from_batches(batches, schema=to_arrow_schema(frame.schema))


def from_arrow(session: Any, table: Any) -> Any:
    """A PySpark DataFrame of a pyarrow Table; a timestamp without zone stays without zone."""
    from pyspark.sql.pandas.types import from_arrow_schema

    table = suited(table)
    schema = from_arrow_schema(table.schema, prefer_timestamp_ntz=True)
    if hasattr(session.createDataFrame([], "a int"), "toArrow"):
        return session.createDataFrame(table, schema)
    with_arrow = "spark.sql.execution.arrow.pyspark.enabled"
    before = session.conf.get(with_arrow)
    session.conf.set(with_arrow, "true")
    try:
        return session.createDataFrame(table.to_pandas(date_as_object=True), schema)
    finally:
        session.conf.set(with_arrow, before)


def suited(table: Any) -> Any:
    """The table with columns Spark has types for, and an index of pandas under a plain name.

    Raises:
        TypeError: a column has no such type.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    columns, names = [], []
    for field, column in zip(table.schema, table.columns, strict=True):
        kind = field.type
        if pa.types.is_dictionary(kind):
            column = column.cast(kind.value_type)
            kind = kind.value_type
        target = _wider(pa, kind)
        if target is not None:
            try:
                column = column.cast(target, safe=not pa.types.is_timestamp(kind))
            except pa.ArrowInvalid as error:
                raise TypeError(f"column {field.name!r}: {error}") from error
        if pa.types.is_time(kind):
            column = pc.cast(column, pa.string())
        columns.append(column)
        names.append(_index_name(field.name))
    return pa.Table.from_arrays(columns, names)


def index_named(table: Any) -> Any:
    """The table, with an index of pandas under a plain name."""
    return table.rename_columns([_index_name(name) for name in table.column_names])


def _index_name(name: str) -> str:
    if name.startswith("__index_level_"):
        level = name.removeprefix("__index_level_").rstrip("_")
        return "index" if level == "0" else f"index_{level}"
    return name


def _wider(pa: Any, kind: Any) -> Any:
    """The type Spark has for values of one it has not; None where it has it."""
    if pa.types.is_timestamp(kind) and kind.unit != "us":
        return pa.timestamp("us", kind.tz)
    if pa.types.is_duration(kind) and kind.unit != "us":
        return pa.duration("us")
    if pa.types.is_uint64(kind):
        return pa.decimal128(20, 0)
    table = {
        pa.uint8(): pa.int16(),
        pa.uint16(): pa.int32(),
        pa.uint32(): pa.int64(),
        pa.float16(): pa.float32(),
    }
    return table.get(kind)
