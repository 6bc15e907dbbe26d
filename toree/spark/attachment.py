"""PySpark in the kernel process on the companion's gateway: one for all workspaces.

PySpark attaches, it does not launch: its gateway is the companion's, its SparkContext wraps the one
of the JVM. It has one context and one gateway a process, so they stand here; each workspace has
its session over them (`session.py`).
"""

from __future__ import annotations

import contextlib
import json
import queue
import sys
import threading

from ..companion.companion import Companion
from ..errors import ToreeError
from ..foreign import JavaObject, PySparkContext, PySparkSession
from ..handlers import Handlers
from . import causes
from .builders import Builders
from .threads import ENTERED, Threads


class Attachment:
    """Attaches PySpark, and again to a fresh session or a new JVM. Who calls holds `lock`."""

    def __init__(self, companion: Companion) -> None:
        self.companion = companion
        self.lock = threading.RLock()
        self.context: PySparkContext = None
        self.session: PySparkSession = None  # the one all share
        #: PySpark's, one for the life of a JVM: it holds what Java calls.
        self.gateway: JavaObject = None
        self._entry: JavaObject = None  # the JVM they belong to
        self.handlers: Handlers | None = None  # of the main workspace
        self.threads = Threads()
        self._builders = Builders(
            companion.config.python or sys.executable, _tag, _own, self._handlers_here
        )
        # A signal handler may take no lock, which rules out most of what could make the call.
        self._cancelled: queue.SimpleQueue[str] = queue.SimpleQueue()

    def attach(self) -> tuple[PySparkSession, PySparkContext]:
        """The live session and context; attaches, or attaches again to a fresh session.

        Raises:
            ToreeError: the JVM or the pyspark package is missing.
        """
        with self.lock:
            self.connect()
            if self.stopped():
                self.forget()
                self.session, self.context = _built() or attach(self.gateway)
            return self.session, self.context

    def connect(self) -> None:
        """Makes the running JVM the one PySpark talks to."""
        entry = self.companion.entry()
        if self._entry is entry:
            return
        if self._entry is None:
            self._cancel_on_a_thread()
        self.forget()
        self._hang_up()
        self.session = self.context = None
        self.gateway = self._builders.serve(*self.companion.address, self.companion.events)
        self.threads.watch(self.gateway)
        self._entry = entry

    @property
    def is_current(self) -> bool:
        """Whether PySpark talks to the JVM there is."""
        return self.gateway is not None and self._entry is self._current_entry()

    def coming(self) -> bool:
        """Whether the first session of an eager kernel is on its way."""
        if self.context is not None or self.companion.config.initialization_mode != "eager":
            return False
        return not json.loads(self.companion.entry().info())["sparkStopped"]

    def stopped(self) -> bool:
        try:
            return self.context._jsc is None or bool(self.context._jsc.sc().isStopped())
        except Exception:
            return True

    def forget(self) -> None:
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

    def own(self, workspace: str) -> PySparkSession:
        """A private workspace's session over the context; Spark runs."""
        from pyspark.sql import SparkSession

        _, context = self.attach()
        return SparkSession(context, self.gateway.entry_point.sessionOf(workspace))

    def _handlers_here(self) -> Handlers | None:
        """Those of the workspace whose cell runs; a thread of a cell's may not know it."""
        entered = ENTERED.get()
        return self.handlers if entered is None else entered.handlers

    def cancel(self, group: str) -> None:
        """Cancels the jobs of a group; from any thread, signal handlers too."""
        self._cancelled.put(group)

    def _cancel_on_a_thread(self) -> None:
        def run() -> None:
            while True:
                self.companion.tell("cancelGroup", self._cancelled.get())

        threading.Thread(target=run, name="toree-pyspark-cancel", daemon=True).start()

    def _current_entry(self) -> JavaObject:
        return self.companion.current

    def _hang_up(self) -> None:
        gateway, self.gateway = self.gateway, None
        if gateway is not None:
            with contextlib.suppress(Exception):  # its callback server may never have been opened
                gateway.close(keep_callback_server=True)
                gateway.shutdown_callback_server()


def _tag(java_context: JavaObject) -> None:
    """The jobs of a context that a cell has just made are the cell's."""
    if entered := ENTERED.get():
        with contextlib.suppress(Exception):
            java_context.setJobGroup(entered.group, entered.line, True)


def _own() -> PySparkSession:
    """The session of the private workspace whose cell runs; None in another."""
    entered = ENTERED.get()
    return None if entered is None or entered.own is None else entered.own()


def attach(gateway: JavaObject) -> tuple[PySparkSession, PySparkContext]:
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
        message = str(error if java is None else java.getMessage())
        said = message.removeprefix("Spark did not start: ")
        advice = "\n".join(causes.hint(message))
        raise ToreeError(f"Spark did not start: {said}", advice=advice) from error


def _built() -> tuple[PySparkSession, PySparkContext] | None:
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


def has_ended(value: object) -> bool:
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
