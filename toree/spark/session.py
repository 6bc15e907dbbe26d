"""PySpark in the kernel process, attached to the companion's session. The door to PySpark.

PySpark attaches, it does not launch: its gateway is the companion's, its SparkContext and
SparkSession wrap the objects that Scala cells use. Temporary views, cached tables, configuration
and UDFs are common to all languages.
"""

from __future__ import annotations

import ast
import contextlib
import json
import logging
import os
import queue
import re
import sys
import threading
import time
import warnings
from concurrent.futures import TimeoutError as FutureTimeout
from typing import Any

from ..companion.companion import Companion
from ..display import Preview, Settings
from ..errors import LanguageMissing, ToreeError
from ..interpreters.base import Output
from .gateway import connect

_MENTION = re.compile(r"\b(?:spark|sc|pyspark)\b")
_SILENCE = 1.0  # seconds a cell waits for the JVM before it says so


class PythonSpark:
    """`spark` and `sc` in the Python namespace: when they come, and that they stay alive."""

    def __init__(self, companion: Companion, shell: Any, display: Settings) -> None:
        self._companion = companion
        self._shell = shell
        self._display = display
        self._python = companion.config.python or sys.executable
        self._lock = threading.RLock()
        self._context: Any = None  # pyspark.SparkContext
        self._session: Any = None
        self._entry: Any = None  # the JVM the two belong to
        self._gateway: Any = None  # PySpark's, one for the life of a JVM: it holds what Java calls
        self._group = ""
        # A signal handler may take no lock, which rules out most of what could make the call.
        self._cancelled: queue.SimpleQueue[str] = queue.SimpleQueue()

    def attach_when_ready(self) -> None:
        """Attaches on a thread of its own as soon as the JVM is there.

        A thread other than the main one also keeps SparkContext from installing its SIGINT
        handler, which would cancel the jobs of every language.
        """
        threading.Thread(target=self._try, name="toree-pyspark", daemon=True).start()

    def _try(self) -> None:
        with contextlib.suppress(Exception):  # the cell that needs Spark will say what is wrong
            self._companion.entry()
            self.attach()

    def attach(self) -> tuple[Any, Any]:
        """The live session and context; attaches, or attaches again to a fresh session.

        Raises:
            ToreeError: the JVM or the pyspark package is missing.
        """
        entry = self._companion.entry()
        with self._lock:
            if self._entry is None:
                self._cancel_on_a_thread()
            if self._entry is not entry or self._stopped():
                self._forget()
                if self._gateway is None:
                    prepare_pyspark()
                    self._gateway = connect(*self._companion.address)
                self._session, self._context = attach(self._gateway, self._python)
                self._entry = entry
                self._publish()
            return self._session, self._context

    def prepare(self, code: str, output: Output) -> None:
        """Called before each Python cell: makes `spark` live if the cell needs it."""
        if _MENTION.search(code) and needs_spark(self._shell, code):
            again = self._context is not None
            self._wait(output)
            before = self._session
            if self._entry is not self._current_entry() or self._stopped():
                self._on_a_thread(self.attach)
            if text := self._companion.epitaph():
                output.stream("stderr", text)
            elif again and before is not self._session:
                output.stream("stderr", "The Spark session had ended: this is a fresh one.\n")
        if self._context is not None and self._entry is self._current_entry():
            # Stop cancels this cell's jobs and no others.
            self._group = f"toree-python-{time.monotonic_ns()}"
            line = code.strip().partition("\n")[0][:80]
            with contextlib.suppress(Exception):
                self._context._jsc.setJobGroup(self._group, line, True)

    def cancel(self) -> None:
        """Cancels the Spark jobs of the running cell; from any thread, signal handlers too."""
        if self._group:
            self._cancelled.put(self._group)

    def _cancel_on_a_thread(self) -> None:
        def run() -> None:
            while True:
                self._companion.tell("cancelGroup", self._cancelled.get())

        threading.Thread(target=run, name="toree-pyspark-cancel", daemon=True).start()

    def _current_entry(self) -> Any:
        return self._companion.entry() if self._companion.ready else None

    def _wait(self, output: Output) -> None:
        started, told = self._companion.start(), False
        while True:
            try:
                started.result(_SILENCE)
                break
            except (FutureTimeout, TimeoutError):
                if not told:
                    output.stream("stderr", self._companion.progress + "\n")
                    told = True
        if told:
            output.clear()

    @staticmethod
    def _on_a_thread(work: Any) -> Any:
        """Runs `work` where no signal can stop it half-way."""
        box: list[Any] = []

        def run() -> None:
            try:
                box.append((work(), None))
            except BaseException as error:
                box.append((None, error))

        thread = threading.Thread(target=run, name="toree-pyspark", daemon=True)
        thread.start()
        thread.join()
        value, error = box[0]
        if error is not None:
            raise error
        return value

    def _stopped(self) -> bool:
        try:
            return self._context._jsc is None or bool(self._context._jsc.sc().isStopped())
        except Exception:
            return True

    def _forget(self) -> None:
        """Makes PySpark forget a session that has ended, as its own `stop` does."""
        if self._context is None:
            return
        from pyspark import SparkContext
        from pyspark.sql import SparkSession

        with SparkContext._lock:
            SparkContext._active_spark_context = None
            if self._entry is not self._companion.entry():  # another JVM
                SparkContext._gateway = SparkContext._jvm = None
                self._hang_up()
        for name in ("_instantiatedSession", "_activeSession"):
            if hasattr(SparkSession, name):
                setattr(SparkSession, name, None)

    def _hang_up(self) -> None:
        gateway, self._gateway = self._gateway, None
        if gateway is not None:
            with contextlib.suppress(Exception):  # its callback server may never have been opened
                gateway.close(keep_callback_server=True)
                gateway.shutdown_callback_server()

    def _publish(self) -> None:
        names = {"spark": self._session, "sc": self._context}
        namespace, hidden = self._shell.user_ns, self._shell.user_ns_hidden
        for name, value in names.items():
            theirs = name in namespace and namespace[name] is not hidden.get(name)
            if not theirs:
                namespace[name] = hidden[name] = value
        self._format_frames()

    def _format_frames(self) -> None:
        formatter = self._shell.display_formatter.mimebundle_formatter
        # By name: the classes' modules differ between Spark 3.5 and 4, and Spark Connect stays out.
        for module in ("pyspark.sql.dataframe", "pyspark.sql.classic.dataframe"):
            formatter.for_type_by_name(module, "DataFrame", self._frame_bundle)

    def _frame_bundle(self, frame: Any, include: Any = None, exclude: Any = None) -> Any:
        from pyspark.errors.exceptions.captured import capture_sql_exception  # noqa: F401

        preview = frame._sc._gateway.entry_point.preview(frame._jdf, self._display.rows)
        return Preview.from_wire(json.loads(preview), self._display.widths()).bundle()


def needs_spark(shell: Any, code: str) -> bool:
    """Whether a cell names `spark` or `sc`, or imports pyspark."""
    try:
        tree = ast.parse(shell.transform_cell(code))
    except (SyntaxError, ValueError):
        return False
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in ("spark", "sc"):
            return True
        if isinstance(node, ast.Import) and any(
            a.name.split(".")[0] == "pyspark" for a in node.names
        ):
            return True
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "pyspark":
            return True
    return False


def prepare_pyspark() -> None:
    """Imports PySpark, and keeps to itself what it says to nobody in particular.

    Raises:
        LanguageMissing: there is no pyspark.
    """
    # What PySpark says of pandas 3, and its log of every AnalysisException as JSON on stderr, would
    # appear in whatever cell is running.
    warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas")
    for name in ("SQLQueryContextLogger", "DataFrameQueryContextLogger"):
        logging.getLogger(name).disabled = True
    try:
        import pyspark.sql  # noqa: F401
    except ImportError as error:
        raise LanguageMissing(
            f"PySpark can't be imported: {error}.",
            advice="Install it with: pip install 'pyspark[sql]', or set SPARK_HOME.",
        ) from error


def attach(gateway: Any, python: str = "") -> tuple[Any, Any]:
    """A PySpark session and context over the JVM behind a gateway.

    `python` is the interpreter that runs UDFs when the executors are on this machine.
    """
    from pyspark import SparkConf, SparkContext
    from pyspark.sql import SparkSession

    entry = gateway.entry_point
    try:
        java_context = entry.javaContext()
        context = SparkContext(
            gateway=gateway,
            jsc=java_context,
            conf=SparkConf(_jvm=gateway.jvm, _jconf=java_context.getConf()),
        )
        if python and context.master.startswith("local") and "PYSPARK_PYTHON" not in os.environ:
            context.pythonExec = python  # a cluster has a Python of its own
        return SparkSession(context, entry.session()), context
    except ToreeError:
        raise
    except Exception as error:
        java = getattr(error, "java_exception", None)  # a Py4JJavaError's
        message = error if java is None else java.getMessage()
        raise ToreeError(f"Spark did not start: {message}") from error
