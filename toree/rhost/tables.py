"""Tables that R writes: views and tables of the session's catalog from data.frames."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
from rpy2 import rinterface

from ..foreign import ArrowData, PandasData, RObject
from ..spark.arrow import nulls, to_spark
from .columns import FromR
from .engine import Engine


class Tables:
    """What R may ask for by name; `spark` gives the session."""

    def __init__(self, engine: Engine, spark: Callable[[], object]) -> None:
        self._engine = engine
        self._session = spark
        self.calls: dict[str, Callable[..., object]] = {
            "register": self._register,
            "save": self._save,
            "append": self._append,
            "drop": self._drop,
            "exists": self._exists,
        }

    @property
    def _spark(self) -> RObject:
        return self._session()

    def _register(self, data: RObject, name: RObject, types: RObject) -> None:
        self._typed(data, types).createOrReplaceTempView(quoted(name[0]))

    def _save(self, data: RObject, name: RObject, types: RObject) -> None:
        self._typed(data, types).write.mode("errorifexists").saveAsTable(name[0])

    def _typed(self, data: RObject, types: RObject) -> RObject:
        frame = self._from_r(data)
        for column, kind in zip(types[0], types[1], strict=True):
            frame = frame.withColumn(column, frame[quoted(column)].cast(kind))
        return frame

    def _append(self, data: RObject, name: RObject) -> None:
        target = self._spark.table(name[0])
        missing = [column for column in data.names if column not in target.columns]
        if missing:
            raise ValueError(f"The table has no column {missing[0]!r}.")
        more = self._from_r(data)
        columns = []
        for field in target.schema.fields:
            if field.name in more.columns:
                column = more[quoted(field.name)].cast(field.dataType)
            else:
                column = nulls(field.dataType)
            columns.append(column.alias(field.name))
        more = more.select(columns)
        if self._is_view(name[0]):  # can't be inserted into, but replaced
            target.union(more).createOrReplaceTempView(name[0])
        else:
            more.write.insertInto(name[0])

    def _is_view(self, name: str) -> bool:
        return bool(self._spark.catalog.getTable(name).isTemporary)

    def _drop(self, name: RObject) -> None:
        table = self._spark.catalog.getTable(name[0])
        if table.isTemporary:
            self._spark.catalog.uncacheTable(name[0])
        kind = "VIEW" if table.tableType in ("VIEW", "TEMPORARY") else "TABLE"
        self._spark.sql(f"DROP {kind} {name[0]}")

    def _from_r(self, data: object) -> RObject:
        """A DataFrame from an R data.frame."""
        table = FromR(self._engine).table(data)
        # Spark has no factors, and of nothing but NULL it would make a type nobody can store.
        arrays = [storable(column) for column in table.columns]
        table = pa.table(arrays, names=table.column_names)
        if not table.num_columns:
            raise ValueError("A table needs at least one column.")
        return to_spark(self._spark, table)

    def _exists(self, name: RObject) -> RObject:
        return rinterface.BoolSexpVector([bool(self._spark.catalog.tableExists(name[0]))])


def quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def storable(column: PandasData) -> RObject:
    if pa.types.is_dictionary(column.type):
        return column.cast(pa.string())
    if pa.types.is_null(column.type):
        return column.cast(pa.bool_())
    return column


def scalar(array: ArrowData) -> object:
    if len(array) != 1:
        raise ValueError("A parameter is one value.")
    return storable(array)[0].as_py()
