"""Contexts that Python cells build: `SparkSession.builder`, `SparkContext(conf=...)`.

PySpark makes each by a method of SparkContext that is there to be replaced. Here the companion
makes it: with the settings every local application of it has, and under the REPL's class loader.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable

from ..errors import LanguageMissing
from ..foreign import JavaObject, PySparkContext, PySparkSession
from ..handlers import Handlers
from .gateway import connect


class Builders:
    """PySpark's builders end in the companion, once `serve` has told which."""

    def __init__(
        self,
        python: str,
        made: Callable[[JavaObject], None],
        own: Callable[[], PySparkSession],
        handlers: Callable[[], Handlers | None] = lambda: None,
    ) -> None:
        """
        Args:
            python: the interpreter that runs UDFs when the executors are on this machine.
            made: called with the JavaSparkContext a cell has made.
            own: the session of the private workspace whose cell runs, None in another.
            handlers: where sessions register what is told of progress.
        """
        self._handlers = handlers
        self._python = python
        self._made = made
        self._own = own
        self._entry: JavaObject = None

    def serve(self, port: int, secret: str, events: object) -> JavaObject:
        """Gives PySpark the companion's gateway; from here on it starts no JVM of its own.

        Raises:
            LanguageMissing: there is no pyspark.
        """
        # What PySpark says of pandas 3, and its log of every AnalysisException as JSON on stderr,
        # would appear in whatever cell is running.
        warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas")
        for name in ("SQLQueryContextLogger", "DataFrameQueryContextLogger"):
            logging.getLogger(name).disabled = True
        try:
            from pyspark import SparkContext
        except ImportError as error:
            raise LanguageMissing(
                f"PySpark can't be imported: {error}.",
                advice="Install it with: pip install 'pyspark[sql]', or set SPARK_HOME.",
            ) from error
        gateway = connect(port, secret, events)
        with SparkContext._lock:
            SparkContext._gateway, SparkContext._jvm = gateway, gateway.jvm
        if self._entry is None:
            self._replace(SparkContext)
        self._entry = gateway.entry_point
        return gateway

    def _replace(self, context: PySparkContext) -> None:
        plainly = context._do_init

        def create(_: object, conf: object) -> JavaObject:
            if said := self._entry.refusedSettings(conf):
                print(said, file=sys.stderr)
            made = self._entry.builtContext(conf)
            self._made(made)
            return made

        def begin(new: PySparkContext, *arguments: object, **named: object) -> None:
            main = threading.current_thread() is threading.main_thread()
            handler = signal.getsignal(signal.SIGINT)
            try:
                plainly(new, *arguments, **named)
            finally:
                if main:  # PySpark's own would cancel the jobs of every language
                    signal.signal(signal.SIGINT, handler)
            if (
                self._python
                and new.master.startswith("local")
                and not os.environ.get("PYSPARK_PYTHON")
            ):
                new.pythonExec = self._python  # a cluster has a Python of its own

        context._initialize_context, context._do_init = create, begin
        self._replace_builder()

    def _replace_builder(self) -> None:
        from pyspark.sql import SparkSession

        plainly = SparkSession.Builder.getOrCreate

        def get(builder: PySparkSession) -> PySparkSession:
            found = self._own()
            if found is None:
                return plainly(builder)
            for name, value in builder._options.items():
                with contextlib.suppress(Exception):  # one that only a new context could take
                    found.conf.set(name, str(value))
            return found

        SparkSession.Builder.getOrCreate = get

        # PySpark has these for Spark Connect, whose session is a class of its own.
        def register(_: PySparkSession, handler: Callable[..., object]) -> None:
            if (handlers := self._handlers()) is not None:
                handlers.register(handler)

        def remove(_: PySparkSession, handler: Callable[..., object]) -> None:
            if (handlers := self._handlers()) is not None:
                handlers.remove(handler)

        def clear(_: object) -> None:
            if (handlers := self._handlers()) is not None:
                handlers.clear()

        SparkSession.registerProgressHandler = register
        SparkSession.removeProgressHandler = remove
        SparkSession.clearProgressHandlers = clear
