"""PySpark in the kernel process, attached to the companion's session. The door to PySpark.

PySpark attaches, it does not launch: its gateway is the companion's, its SparkContext and
SparkSession wrap the objects that Scala cells use. Temporary views, cached tables, configuration
and UDFs are common to all languages.
"""

from __future__ import annotations

import ast
import contextlib
import json
import queue
import re
import sys
import threading
import types
from collections.abc import Callable, Collection
from concurrent.futures import TimeoutError as FutureTimeout
from typing import Any

from ..companion.companion import Companion
from ..display import Preview, Settings
from ..errors import ToreeError
from ..interpreters.base import Output
from .builders import Builders

_MENTION = re.compile(r"(?i:spark)|\bsc\b|\bgetOrCreate\b")
_SILENCE = 1.0  # seconds a cell waits for the JVM before it says so


class PythonSpark:
    """`spark` and `sc` in the Python namespace: when they come, and that they stay alive."""

    def __init__(self, companion: Companion, shell: Any, display: Settings) -> None:
        self._companion = companion
        self._shell = shell
        self._display = display
        self._builders = Builders(companion.config.python or sys.executable, self._tag)
        self._lock = threading.RLock()
        self._context: Any = None  # pyspark.SparkContext
        self._session: Any = None
        self._entry: Any = None  # the JVM the two belong to
        self._gateway: Any = None  # PySpark's, one for the life of a JVM: it holds what Java calls
        self._group = self._line = ""  # of the jobs of the cell that runs
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
        with self._lock:
            self._connect()
            if self._stopped():
                self._forget()
                self._session, self._context = _built() or attach(self._gateway)
                self._publish()
            return self._session, self._context

    def _connect(self) -> None:
        """Makes the running JVM the one PySpark talks to."""
        entry = self._companion.entry()
        if self._entry is entry:
            return
        if self._entry is None:
            self._cancel_on_a_thread()
        self._forget()
        self._hang_up()
        self._session = self._context = None
        self._gateway = self._builders.serve(*self._companion.address, self._companion.events)
        self._entry = entry

    def _coming(self) -> bool:
        """Whether the first session of an eager kernel is on its way."""
        if self._context is not None or self._companion.config.initialization_mode != "eager":
            return False
        return not json.loads(self._companion.entry().info())["sparkStopped"]

    def _attach_if(self, needed: bool) -> bool:
        """Attaches to the session there is, or if `needed` to a fresh one; whether it is fresh."""
        with self._lock:
            self._connect()
            if not self._stopped():
                return False
            there = bool(self._gateway.entry_point.hasSession())
            if there or needed:
                self.attach()
            else:
                self._forget()  # a builder in the cell is not to find what has ended
            return not there and needed

    def prepare(self, code: str, output: Output, reads: Callable[[], Collection[str]]) -> None:
        """Called before each Python cell: makes `spark` live if the cell needs it.

        `reads` are the names that the cell reads before it assigns them.
        """
        if _MENTION.search(code) and needs_spark(self._shell, code):
            again = self._context is not None
            self._wait(output)
            needed = not {"spark", "sc"}.isdisjoint(reads())
            fresh = self._on_a_thread(lambda: self._attach_if(needed or self._coming()))
            if text := self._companion.epitaph():
                output.stream("stderr", text)
            elif again and fresh:
                output.stream("stderr", "The Spark session had ended: this is a fresh one.\n")
        # Stop cancels this cell's jobs and no others.
        self._group = output.cell
        self._line = code.strip().partition("\n")[0][:80]
        if self._gateway is not None and self._entry is self._current_entry():
            with contextlib.suppress(Exception):
                self._gateway.entry_point.enter(self._group, self._line, True)

    def _tag(self, java_context: Any) -> None:
        with contextlib.suppress(Exception):
            java_context.setJobGroup(self._group, self._line, True)

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
        if self._entry is None:
            return
        from pyspark import SparkContext
        from pyspark.sql import SparkSession

        if _built() is not None and self._entry is self._current_entry():
            return
        with SparkContext._lock:
            SparkContext._active_spark_context = None
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
            there = namespace.get(name)
            # What the user put there stays, but for a session that has ended.
            if name not in namespace or there is hidden.get(name) or has_ended(there):
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
    """Whether a cell names `spark`, `sc` or something of pyspark's, or imports pyspark."""
    try:
        tree = ast.parse(shell.transform_cell(code))
    except (SyntaxError, ValueError):
        return False
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and (
            node.id in ("spark", "sc") or _of_pyspark(shell.user_ns.get(node.id))
        ):
            return True
        if isinstance(node, ast.Import) and any(
            a.name.split(".")[0] == "pyspark" for a in node.names
        ):
            return True
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "pyspark":
            return True
    return False


def _of_pyspark(value: Any) -> bool:
    module = value.__name__ if isinstance(value, types.ModuleType) else type(value).__module__
    if isinstance(value, type):
        module = value.__module__
    return str(module).partition(".")[0] == "pyspark"


def attach(gateway: Any) -> tuple[Any, Any]:
    """A PySpark session and context over the JVM behind a gateway.

    Raises:
        ToreeError: Spark did not start.
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
        return SparkSession(context, entry.session()), context
    except ToreeError:
        raise
    except Exception as error:
        java = getattr(error, "java_exception", None)  # a Py4JJavaError's
        message = error if java is None else java.getMessage()
        raise ToreeError(f"Spark did not start: {message}") from error


def _built() -> tuple[Any, Any] | None:
    """The session a cell has built by itself, or built on a context it has built."""
    from pyspark import SparkContext
    from pyspark.sql import SparkSession

    context = SparkContext._active_spark_context
    if context is None or has_ended(context):
        return None
    session = getattr(SparkSession, "_instantiatedSession", None)
    if session is None or session._sc is not context:
        session = SparkSession(context)
    return session, context


def has_ended(value: Any) -> bool:
    """Whether this is a PySpark session or context that no cell can use any more."""
    from pyspark import SparkContext
    from pyspark.sql import SparkSession

    context = value._sc if isinstance(value, SparkSession) else value
    if not isinstance(context, SparkContext):
        return False
    try:
        return context._jsc is None or bool(context._jsc.sc().isStopped())
    except Exception:  # of a JVM that is gone
        return True
