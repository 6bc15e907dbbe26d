"""The door to PySpark: this process's own client of the companion's gateway, and its session."""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import re
import signal
import threading
from collections.abc import Callable, Sequence

import pyarrow as pa
from rpy2 import rinterface

from ..foreign import (
    JavaObject,
    Json,
    JsonValue,
    PySparkContext,
    PySparkFrame,
    PySparkSession,
    RObject,
)
from ..spark import causes
from ..spark.gateway import Printed, connect
from . import guests
from .columns import FromR
from .engine import Engine, strings
from .frames import Message
from .questions import Refused
from .results import Result, SparkFailed
from .tables import Tables, quoted, scalar
from .vectors import ToR

_ADOPTED = re.compile(r"\btoree_\w+_\d+\b")
_MANY = 200  # DataFrames of other languages after which R is asked which it still needs
_source = causes.cells(lambda: None)  # the kernel has those of its cells
_LOST = "The Spark session is gone. The next use of Spark attaches to the new one."


class Session:
    """Spark for R. All methods but `cancel` run on the main thread, called from R."""

    def __init__(
        self,
        engine: Engine,
        ask: Callable[[Message], JsonValue],
        warn: Callable[[str], None],
        printed: Callable[[str, str], None],
    ) -> None:
        """
        Args:
            ask: the front: for port and secret of the gateway and the workspace there, for which it
                may wait for Spark; to show a stream.
            warn: shows a warning in the cell.
            printed: takes what the JVM prints during a call: name of the stream, text.
        """
        self._engine = engine
        self._ask = ask
        self.warn = warn
        self._printed = printed
        self._spark: PySparkSession = None
        self._context: PySparkContext = None
        self._workspace = ""
        self._entry: JavaObject = None  # the gateway's entry point
        self._at: tuple[int, str] | None = None
        self._cell = ""  # the cell whose job group is set
        self._busy = threading.Event()
        self._results: dict[int, Result] = {}
        self._adopted: Json = {}  # DataFrames of other languages, by name in SQL
        self._look_at = _MANY
        self._count = 0
        # It logs each AnalysisException as JSON on stderr; the message reaches the cell anyway.
        logging.getLogger("SQLQueryContextLogger").disabled = True
        self._calls: dict[str, Callable[..., object]] = {
            "query": self._query,
            "fetch": self._fetch,
            "compute": self._compute,
            "columns": self._columns,
            "clear": self._clear,
            "stream": self._stream,
            **Tables(engine, lambda: self._spark).calls,
            "version": lambda: strings([str(self._spark.version)]),
            "conf": lambda key: strings([str(self._spark.conf.get(key[0], ""))]),
            "sparkr": lambda: strings(guests.sparkr(self._context)),
            "sparklyr": lambda jars: strings([guests.sparklyr(self._context, list(jars))]),
        }

    # -- life ------------------------------------------------------------------

    def run(self, cell: str, name: str, arguments: Sequence[RObject]) -> RObject:
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
        port, secret, self._workspace = self._ask({"event": "address"})
        if self._spark is None or (port, secret) != self._at or self._stopped():
            self._attach(int(port), str(secret))
        # A new thread of the JVM serves a new connection, so the group is set again each time.
        self._entry.enter(self._workspace, cell, "R cell", False)
        self._cell = cell

    def _prepare_outside(self) -> None:
        """Between cells: the session may have ended since the last one."""
        self._cell = ""
        self._prepare("toree-r")

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
            gateway = connect(port, secret, Printed(self._printed))
            jsession = gateway.entry_point.sessionOf(self._workspace)
            jsc = gateway.entry_point.javaContext()
            conf = SparkConf(_jvm=gateway.jvm, _jconf=jsc.getConf())
            self._context = SparkContext(gateway=gateway, jsc=jsc, conf=conf)
            self._spark = SparkSession(self._context, jsession)
            self._at = (port, secret)
            self._results.clear()
            self._adopted.clear()
            self._entry = gateway.entry_point
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
        with contextlib.suppress(Exception):  # a JVM that has died answers no question
            if isinstance(error, Py4JJavaError):
                text = str(error)
                return SparkFailed(causes.of_worker(text, _source) or causes.of_java(text), text)
            if isinstance(error, PySparkException):
                trace = str(getattr(error, "_stackTrace", None) or error)
                told = SparkFailed(causes.of_pyspark(error, _source), trace)
                told.kind = "spark_stream" if causes.is_stream(str(error)) else told.kind
                return told
        return error

    # -- calls from R ----------------------------------------------------------

    def _query(self, text: RObject, parameters: RObject) -> RObject:
        arguments = self._arguments(parameters)
        return self._hold(self._sql(text[0], arguments))

    def _sql(self, text: str, arguments: object = None) -> PySparkFrame:
        # A DataFrame another language shared is a view for as long as the query is analysed.
        used = [name for name in _ADOPTED.findall(text) if name in self._adopted]
        for name in used:
            self._adopted[name].createOrReplaceTempView(name)
        try:
            return self._spark.sql(text, args=arguments) if arguments else self._spark.sql(text)
        finally:
            for name in used:
                self._spark.catalog.dropTempView(name)

    def frame(self, text: str) -> PySparkFrame:
        """The DataFrame of a query, outside of cells."""
        self._prepare_outside()
        return self._sql(text)

    def keep(self, key: str, frame: PySparkFrame) -> None:
        """Puts a DataFrame under a key, for the reader of a shared name."""
        self._entry.putShared(self._workspace, key, frame._jdf)

    def taken(self, key: str) -> PySparkFrame | None:
        """The DataFrame under a key, which was made for this; None when it is gone."""
        from pyspark.sql import DataFrame

        self._prepare_outside()
        found = self._entry.getShared(self._workspace, key)
        if not key.startswith("sql:"):
            self._entry.dropShared(self._workspace, key)
        return None if found is None else DataFrame(found, self._spark)

    def adopt(self, name: str, frame: PySparkFrame) -> tuple[str, list[str]]:
        """A name in R's SQL for another language's DataFrame, which stays out of the catalog.

        With its columns: dbplyr would run a query for them. R forgets it with the last table over
        it (`lazy_table`); where it is long in doing so it is asked to look.
        """
        if len(self._adopted) >= self._look_at:
            # R's objects are held from here too, in circles and maybe too old for what the loop
            # collects; and so are PySpark's.
            gc.collect()
            self._engine.base("gc")()
            self._forget()
            gc.collect()
            self._look_at = max(_MANY, 2 * len(self._adopted))
        self._forget()
        self._count += 1
        made = f"toree_{re.sub(r'[^A-Za-z0-9]', '_', name)}_{self._count}"
        self._adopted[made] = frame
        return made, list(frame.columns)

    def _forget(self) -> None:
        for gone in self._engine.call("forgotten_tables"):
            self._adopted.pop(str(gone), None)

    @property
    def zone(self) -> str:
        """The session's time zone; this machine's while Spark is not attached."""
        if self._spark is None:
            return os.environ.get("TZ", "UTC").lstrip(":")
        zone = str(self._spark.conf.get("spark.sql.session.timeZone", "UTC"))
        return "UTC" if zone == "Etc/UTC" else zone  # as R's own code calls it

    def _compute(self, text: RObject, name: RObject) -> None:
        frame = self._sql(text[0])
        frame.persist()
        frame.count()
        frame.createOrReplaceTempView(quoted(name[0]))

    def _hold(self, frame: object) -> RObject:
        self._count += 1
        self._results[self._count] = Result(frame)
        return rinterface.IntSexpVector([self._count])

    def _arguments(self, parameters: RObject) -> list[object] | dict[str, object] | None:
        if not len(parameters):
            return None
        found = [FromR(self._engine).column(parameters[i]) for i in range(len(parameters))]
        values = [scalar(array) for array in found]
        names = parameters.names
        if not isinstance(names, rinterface.StrSexpVector) or not names[0]:
            return values
        return dict(zip([str(name).lstrip(":") for name in names], values, strict=True))

    def _fetch(self, handle: RObject, rows: RObject, bigint: RObject) -> RObject:
        result = self._results[handle[0]]
        table = result.take(int(rows[0]))
        return self.to_r(table, bigint[0])

    def to_r(self, table: pa.Table, bigint: str = "") -> RObject:
        return ToR(self._engine, self.zone, self.warn, bigint).frame(table)

    def _columns(self, handle: RObject) -> RObject:
        result = self._results[handle[0]]
        names, types = result.columns()
        state = [result.fetched, -1 if result.rows is None else result.rows]
        return rinterface.ListSexpVector(
            [strings(names), strings(types), rinterface.IntSexpVector(state)]
        )

    def _stream(self, text: RObject, rows: RObject) -> None:
        """Shows a query's rows as they come, until the cell is stopped or the query ends."""
        frame = self._sql(text[0])
        if not frame.isStreaming:
            raise SparkFailed("This is no streaming table: its rows are all there.")
        self._count += 1
        key = f"live:{self._count}"
        self.keep(key, frame)
        try:
            self._ask({"event": "live", "key": key, "rows": int(rows[0])})
        except Refused as failed:
            told = str(failed)
            raise SparkFailed(causes.of_worker(told, _source) or told, told) from None
        finally:
            self._entry.dropShared(self._workspace, key)

    def _clear(self, handle: RObject) -> None:
        self._results.pop(handle[0], None)
