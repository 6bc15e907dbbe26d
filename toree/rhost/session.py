"""The door to PySpark: this process's own client of the companion's gateway, and its session."""

from __future__ import annotations

import logging
import os
import re
import signal
import socket
import threading
from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa
from rpy2 import rinterface

from ..arrow import to_arrow, to_spark
from ..gateway import connect
from .columns import FromR
from .engine import Engine, strings
from .vectors import ToR

Address = Callable[[], Sequence[Any]]

_PLAN = re.compile(r";\n'.*", re.DOTALL)  # the unresolved plan after an AnalysisException
_ADOPTED = re.compile(r"\btoree_\w+_\d+\b")
_LOST = "The Spark session is gone. The next use of Spark attaches to the new one."


class SparkFailed(Exception):
    """A Spark error with the message a user can use."""

    kind = "spark_error"


class Session:
    """Spark for R. All methods but `cancel` run on the main thread, called from R."""

    def __init__(self, engine: Engine, address: Address, warn: Callable[[str], None]) -> None:
        """
        Args:
            address: asks the front for port and secret of the gateway; may wait for Spark.
            warn: shows a warning in the cell.
        """
        self._engine = engine
        self._address = address
        self.warn = warn
        self._spark: Any = None
        self._context: Any = None
        self.entry: Any = None  # the gateway's entry point
        self._at: tuple[int, str] | None = None
        self._cell = ""  # the cell whose job group is set
        self._busy = threading.Event()
        self._results: dict[int, Result] = {}
        self._adopted: dict[str, Any] = {}  # DataFrames of other languages, by name in SQL
        self._count = 0
        # It logs each AnalysisException as JSON on stderr; the message reaches the cell anyway.
        logging.getLogger("SQLQueryContextLogger").disabled = True
        self._calls: dict[str, Callable[..., Any]] = {
            "query": self._query,
            "fetch": self._fetch,
            "compute": self._compute,
            "columns": self._columns,
            "clear": self._clear,
            "register": self._register,
            "save": self._save,
            "append": self._append,
            "drop": self._drop,
            "exists": self._exists,
            "version": lambda: strings([str(self._spark.version)]),
            "conf": lambda key: strings([str(self._spark.conf.get(key[0], ""))]),
            "sparkr": self._sparkr,
            "sparklyr": self._sparklyr,
        }

    # -- life ------------------------------------------------------------------

    def run(self, cell: str, name: str, arguments: Sequence[Any]) -> Any:
        """Runs one of the calls R may make, under the cell's job group."""
        self._busy.set()
        try:
            self._prepare(cell)
            return self._calls[name](*arguments)
        except Exception as error:
            raise self._translated(error) from None
        finally:
            self._busy.clear()

    def _prepare(self, cell: str) -> None:
        if self._spark is not None and cell == self._cell:
            return
        port, secret = self._address()
        if self._spark is None or (port, secret) != self._at or self._stopped():
            self._attach(int(port), str(secret))
        # A new thread of the JVM serves a new connection, so the group is set again each time.
        self._context.setJobGroup(cell, "R cell", False)
        self._cell = cell

    def ready(self) -> Any:
        """The entry point of the companion, attached to."""
        self._prepare(self._cell or "toree-r")
        return self.entry

    def _stopped(self) -> bool:
        return bool(self._context._jsc.sc().isStopped())

    def _attach(self, port: int, secret: str) -> None:
        from pyspark import SparkConf, SparkContext
        from pyspark.sql import SparkSession

        before = signal.getsignal(signal.SIGINT)
        try:
            SparkContext._active_spark_context = None
            SparkContext._gateway = SparkContext._jvm = None
            SparkSession._instantiatedSession = None
            gateway = connect(port, secret)
            jsession = gateway.entry_point.session()
            jsc = gateway.entry_point.javaContext()
            conf = SparkConf(_jvm=gateway.jvm, _jconf=jsc.getConf())
            self._context = SparkContext(gateway=gateway, jsc=jsc, conf=conf)
            self._spark = SparkSession(self._context, jsession)
            self._at = (port, secret)
            self._results.clear()
            self._adopted.clear()
            self.entry = gateway.entry_point
        finally:
            # SparkContext's handler would cancel every job, those of other languages too.
            signal.signal(signal.SIGINT, before)

    def cancel(self, cell: str) -> None:
        """Cancels the cell's jobs while a call runs; on the interrupts' thread."""
        if self._busy.is_set() and self._context is not None:
            try:
                self._context._jsc.cancelJobGroup(cell)
            except Exception as error:
                logging.getLogger(__name__).info("cancelling failed: %s", error)

    def _translated(self, error: Exception) -> Exception:
        from py4j.protocol import Py4JError, Py4JJavaError, Py4JNetworkError
        from pyspark.errors import PySparkException

        if isinstance(error, Py4JNetworkError) or (
            isinstance(error, Py4JError) and "while sending" in str(error)
        ):
            self._spark = None
            return SparkFailed(_LOST)
        if isinstance(error, Py4JJavaError):
            cause = error.java_exception
            while cause.getCause() is not None:
                cause = cause.getCause()
            return SparkFailed(str(cause.toString()).partition("\n\tat ")[0])
        if isinstance(error, PySparkException):
            text = str(error).partition("\n\nJVM stacktrace:")[0]
            return SparkFailed(_PLAN.sub("", text).strip())
        return error

    # -- calls from R ----------------------------------------------------------

    def _query(self, text: Any, parameters: Any) -> Any:
        arguments = self._arguments(parameters)
        return self._hold(self._sql(text[0], arguments))

    def _sql(self, text: str, arguments: Any = None) -> Any:
        # A DataFrame another language shared is a view for as long as the query is analysed.
        used = [name for name in _ADOPTED.findall(text) if name in self._adopted]
        for name in used:
            self._adopted[name].createOrReplaceTempView(name)
        try:
            return self._spark.sql(text, args=arguments) if arguments else self._spark.sql(text)
        finally:
            for name in used:
                self._spark.catalog.dropTempView(name)

    def frame(self, text: str) -> Any:
        """The DataFrame of a query, outside of cells."""
        self._prepare(self._cell or "toree-r")
        return self._sql(text)

    def adopt(self, name: str, dataset: Any) -> tuple[str, list[str]]:
        """A name in R's SQL for a Dataset of another language, which stays out of the catalog.

        With its columns: dbplyr would run a query for them.
        """
        from pyspark.sql import DataFrame

        self._prepare(self._cell or "toree-r")
        self._count += 1
        made = f"toree_{re.sub(r'[^A-Za-z0-9]', '_', name)}_{self._count}"
        frame = self._adopted[made] = DataFrame(dataset, self._spark)
        return made, list(frame.columns)

    @property
    def zone(self) -> str:
        """The session's time zone; this machine's while Spark is not attached."""
        if self._spark is None:
            return os.environ.get("TZ", "UTC").lstrip(":")
        return str(self._spark.conf.get("spark.sql.session.timeZone", "UTC"))

    def _compute(self, text: Any, name: Any) -> None:
        frame = self._sql(text[0])
        frame.persist()
        frame.count()
        frame.createOrReplaceTempView(_quoted(name[0]))

    def _hold(self, frame: Any) -> Any:
        self._count += 1
        self._results[self._count] = Result(frame)
        return rinterface.IntSexpVector([self._count])

    def _arguments(self, parameters: Any) -> Any:
        if not len(parameters):
            return None
        found = [FromR(self._engine).column(parameters[i]) for i in range(len(parameters))]
        values = [_scalar(array) for array in found]
        names = parameters.names
        if not isinstance(names, rinterface.StrSexpVector) or not names[0]:
            return values
        return dict(zip([str(name).lstrip(":") for name in names], values, strict=True))

    def _fetch(self, handle: Any, rows: Any, bigint: Any) -> Any:
        result = self._results[handle[0]]
        table = result.take(int(rows[0]))
        return self.to_r(table, bigint[0])

    def to_r(self, table: pa.Table, bigint: str = "") -> Any:
        return ToR(self._engine, self.zone, self.warn, bigint).frame(table)

    def _columns(self, handle: Any) -> Any:
        result = self._results[handle[0]]
        names, types = result.columns()
        state = [result.fetched, -1 if result.rows is None else result.rows]
        return rinterface.ListSexpVector(
            [strings(names), strings(types), rinterface.IntSexpVector(state)]
        )

    def _clear(self, handle: Any) -> None:
        self._results.pop(handle[0], None)

    def _register(self, data: Any, name: Any, types: Any) -> None:
        self._typed(data, types).createOrReplaceTempView(_quoted(name[0]))

    def _save(self, data: Any, name: Any, types: Any) -> None:
        self._typed(data, types).write.mode("errorifexists").saveAsTable(name[0])

    def _typed(self, data: Any, types: Any) -> Any:
        frame = self.from_r(data)
        for column, kind in zip(types[0], types[1], strict=True):
            frame = frame.withColumn(column, frame[_quoted(column)].cast(kind))
        return frame

    def _append(self, data: Any, name: Any) -> None:
        target = self._spark.table(name[0])
        missing = [column for column in data.names if column not in target.columns]
        if missing:
            raise ValueError(f"The table has no column {missing[0]!r}.")
        more = self.from_r(data)
        columns = []
        for field in target.schema.fields:
            if field.name in more.columns:
                column = more[_quoted(field.name)].cast(field.dataType)
            else:
                column = _null().cast(field.dataType)
            columns.append(column.alias(field.name))
        more = more.select(columns)
        if self._is_view(name[0]):  # can't be inserted into, but replaced
            target.union(more).createOrReplaceTempView(name[0])
        else:
            more.write.insertInto(name[0])

    def _is_view(self, name: str) -> bool:
        return bool(self._spark.catalog.getTable(name).isTemporary)

    def _drop(self, name: Any) -> None:
        table = self._spark.catalog.getTable(name[0])
        if table.isTemporary:
            self._spark.catalog.uncacheTable(name[0])
        kind = "VIEW" if table.tableType in ("VIEW", "TEMPORARY") else "TABLE"
        self._spark.sql(f"DROP {kind} {name[0]}")

    def from_r(self, data: Any) -> Any:
        """A DataFrame from an R data.frame."""
        table = FromR(self._engine).table(data)
        # Spark has no factors, and of nothing but NULL it would make a type nobody can store.
        arrays = [_storable(column) for column in table.columns]
        table = pa.table(arrays, names=table.column_names)
        if not table.num_columns:
            raise ValueError("A table needs at least one column.")
        return to_spark(self._spark, table)

    def _exists(self, name: Any) -> Any:
        return rinterface.BoolSexpVector([bool(self._spark.catalog.tableExists(name[0]))])

    # -- other R packages ------------------------------------------------------

    def _sparkr(self) -> Any:
        """Starts SparkR's backend inside the companion: its port, its secret, Spark's home."""
        if self._context is None:
            raise SparkFailed("Spark is not attached.")
        jvm = self._context._jvm
        # Its threads serve from here on; `run` would only wait for their end.
        found = jvm.org.apache.spark.api.r.RBackend().init()
        home = str(jvm.System.getenv("SPARK_HOME"))
        return strings([str(found._1()), str(found._2().secret()), home])

    def _sparklyr(self, jars: Any) -> Any:
        """Starts sparklyr's backend inside the companion; the `master` for spark_connect."""
        version = ".".join(str(self._spark.version).split(".")[:2])
        jvm = self._context._jvm
        scala = ".".join(str(jvm.scala.util.Properties.versionNumberString()).split(".")[:2])
        jar = _closest(list(jars), version, scala)
        java = jvm.java
        urls = self._context._gateway.new_array(java.net.URL, 1)
        urls[0] = java.io.File(jar).toURI().toURL()
        loader = java.net.URLClassLoader(urls, jvm.Thread.currentThread().getContextClassLoader())
        backend = (
            loader.loadClass("sparklyr.Backend")
            .getDeclaredConstructor(self._context._gateway.new_array(java.lang.Class, 0))
            .newInstance(self._context._gateway.new_array(java.lang.Object, 0))
        )
        port = _free_port()
        backend.setType(True, False, False, False)
        backend.setSparkContext(self._context._jsc.sc())
        # Where R will look for it: sparklyr's own program makes it there.
        shell = loader.loadClass("sparklyr.Shell$")
        field = shell.getDeclaredField("backend")
        field.setAccessible(True)
        field.set(shell.getField("MODULE$").get(None), backend)
        # It serves in the call itself, until sparklyr disconnects.
        arguments = (port, 1, 60)
        threading.Thread(target=backend.init, args=arguments, name="sparklyr", daemon=True).start()
        return strings([f"sparklyr://localhost:{port}/1"])


class Result:
    """A query's answer: collected at its first fetch, handed out in pieces."""

    def __init__(self, frame: Any) -> None:
        self.frame = frame
        self.fetched = 0
        self.rows: int | None = None
        self._table: pa.Table | None = None

    def columns(self) -> tuple[list[str], list[str]]:
        fields = self.frame.schema.fields
        return [f.name for f in fields], [f.dataType.simpleString() for f in fields]

    def take(self, rows: int) -> pa.Table:
        """The next `rows` rows, all that are left for a negative number."""
        if rows == 0 and self._table is None:  # names and types, without a job
            return _empty(self.frame)
        if self._table is None:
            self._table = collected(self.frame)
            self.rows = self._table.num_rows
        assert self.rows is not None
        start = self.fetched
        self.fetched = self.rows if rows < 0 else min(self.rows, start + rows)
        table = self._table.slice(start, self.fetched - start)
        if self.fetched == self.rows:
            self._table = table.slice(0, 0)
        return table


def collected(frame: Any) -> pa.Table:
    """All rows of a DataFrame as Arrow."""
    if not frame.columns:
        count = frame.count()
        return pa.table({"": pa.nulls(count)}).select([])
    return to_arrow(frame)


def _closest(jars: list[str], version: str, scala: str) -> str:
    """The jar to use: sparklyr ships one for each Spark and Scala, "master" for new Sparks."""

    def number(text: str) -> tuple[int, ...]:
        return (999,) if text == "master" else tuple(int(part) for part in text.split(".")[:2])

    found = [re.fullmatch(r"sparklyr-(.+)-([\d.]+)\.jar", os.path.basename(jar)) for jar in jars]
    fitting = [
        (number(match[1]), jar)
        for match, jar in zip(found, jars, strict=True)
        if match and match[2] == scala
        if match[1] == "master" or number(match[1]) <= number(version)
    ]
    if not fitting:
        raise SparkFailed(f"This sparklyr has no backend for Spark {version} with Scala {scala}.")
    return max(fitting)[1]


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _empty(frame: Any) -> pa.Table:
    from pyspark.sql.pandas.types import to_arrow_schema

    return to_arrow_schema(frame.schema).empty_table()


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _null() -> Any:
    from pyspark.sql.functions import lit

    return lit(None)


def _storable(column: Any) -> Any:
    if pa.types.is_dictionary(column.type):
        return column.cast(pa.string())
    if pa.types.is_null(column.type):
        return column.cast(pa.bool_())
    return column


def _scalar(array: Any) -> Any:
    if len(array) != 1:
        raise ValueError("A parameter is one value.")
    return _storable(array)[0].as_py()
