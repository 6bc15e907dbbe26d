"""Arrow tables: files that cross between processes, and to and from Spark's DataFrames.

pyarrow and PySpark are imported where they are used: a kernel without them still starts.
"""

from __future__ import annotations

import contextlib
import inspect
import os
import tempfile
from pathlib import Path

from ..foreign import ArrowData, Json, PySparkFrame, PySparkSession

_LARGE = "spark.sql.execution.arrow.useLargeVarTypes"
_PARTITION = 32 << 20  # bytes; Spark makes a partition of each batch


def read(path: str) -> ArrowData:
    """The pyarrow Table in an Arrow IPC stream; its columns are the file's memory."""
    import pyarrow as pa

    with pa.memory_map(path) as source, pa.ipc.open_stream(source) as reader:
        return reader.read_all()


def write(table: ArrowData, path: Path | str) -> None:
    """In batches of which each can be a partition of Spark's: whoever reads it may be Spark."""
    import pyarrow as pa

    rows = min(table.num_rows // (2 * (os.cpu_count() or 1)), _rows(table, _PARTITION))
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table, max(10_000, rows))


def to_arrow(frame: PySparkFrame) -> ArrowData:
    """The rows of a PySpark DataFrame as a pyarrow Table."""
    import pyarrow as pa

    if not frame.columns:
        return pa.table({"": pa.nulls(frame.count())}).select([])
    if hasattr(frame, "toArrow"):  # from Spark 4 on
        try:
            return frame.toArrow()
        except pa.ArrowInvalid:  # on structs that are null and have fields that never are
            return pa.Table.from_batches(frame._collect_as_arrow())
    nothing = empty(frame)
    # The batches name the session's time zone, the schema says UTC; the instants are the same.
    batches = frame._collect_as_arrow()
    return pa.Table.from_batches(batches).cast(nothing.schema) if batches else nothing


def empty(frame: object) -> ArrowData:
    """The columns of a PySpark DataFrame as a pyarrow Table without rows: no job runs."""
    return schema(frame).empty_table()


def schema(frame: PySparkFrame) -> ArrowData:
    """The pyarrow schema of a PySpark DataFrame's rows."""
    return _schema(frame.sparkSession, frame.schema)


def _schema(session: PySparkSession, kinds: ArrowData) -> ArrowData:
    from pyspark.sql.pandas.types import to_arrow_schema

    options: Json = {}
    if "timezone" in inspect.signature(to_arrow_schema).parameters:  # then it has no default
        options["timezone"] = "UTC"
    if session.conf.get(_LARGE, "false") == "true":
        options["prefers_large_types"] = True
    return to_arrow_schema(kinds, **options)


def of_file(session: object, path: str) -> PySparkFrame:
    """A PySpark DataFrame of the table that `write` has put in a file; the JVM reads it there.

    Small tables become a local relation, which Spark's optimizer sees into; above 1 MB the JVM
    keeps Arrow's bytes (`SparkBuild` says from where on).

    Raises:
        TypeError: Spark has no type for a column.
    """
    stored = read(path)
    return _made(session, suited(stored), stored.schema, path)


def to_spark(session: object, table: object) -> PySparkFrame:
    """A PySpark DataFrame of a pyarrow Table; a timestamp without zone stays without zone."""
    return _made(session, table)


def _made(
    session: PySparkSession, table: ArrowData, stored: ArrowData = None, path: str = ""
) -> PySparkFrame:
    """What Spark 4 does with a table. Through pandas, as 3.5 has it, NaN would become null."""
    from pyspark.sql.dataframe import DataFrame
    from pyspark.sql.pandas.types import from_arrow_schema

    kinds = from_arrow_schema(table.schema, prefer_timestamp_ntz=True)
    wanted = _schema(session, kinds)
    python = session._jvm.PythonSQLUtils
    with contextlib.ExitStack() as kept:
        if stored is None or not wanted.equals(stored):
            place = session.sparkContext._temp_dir  # where PySpark puts such files, too
            path = kept.enter_context(tempfile.NamedTemporaryFile(dir=place)).name
            write(table.cast(wanted) if table.num_columns else table, path)
        batches = python.readArrowStreamFromFile(path)
        return DataFrame(python.toDataFrame(batches, kinds.json(), session._jsparkSession), session)


def _rows(table: ArrowData, size: int) -> int:
    """How many rows take so many bytes, on average."""
    return int(size * table.num_rows / max(1, table.nbytes))


def nulls(kind: object) -> ArrowData:
    """A column of nulls of a Spark type."""
    from pyspark.sql.functions import lit

    return lit(None).cast(kind)


def suited(table: ArrowData) -> ArrowData:
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


def index_named(table: ArrowData) -> ArrowData:
    """The table, with an index of pandas under a plain name."""
    return table.rename_columns([_index_name(name) for name in table.column_names])


def _index_name(name: str) -> str:
    if name.startswith("__index_level_"):
        level = name.removeprefix("__index_level_").rstrip("_")
        return "index" if level == "0" else f"index_{level}"
    return name


def _wider(pa: ArrowData, kind: ArrowData) -> ArrowData:
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
