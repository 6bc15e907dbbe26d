"""`spark` and `sc` of a workspace's Python cells: the same session as the other languages have.

Temporary views, cached tables, configuration and UDFs are common to all languages of a workspace.
"""

from __future__ import annotations

import ast
import contextlib
import json
import re
import threading
import time
import types
from collections.abc import Callable, Collection
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from typing import TypeVar

from .. import running
from ..companion import MAIN
from ..display import Settings
from ..foreign import (
    IPythonShell,
    JavaObject,
    Jupyter,
    PySparkContext,
    PySparkFrame,
    PySparkSession,
)
from ..handlers import Handlers
from ..interpreters.base import Output
from ..preview import Preview
from .attachment import Attachment, has_ended
from .threads import Entered

T = TypeVar("T")

_MENTION = re.compile(r"(?i:spark)|\bsc\b|\bgetOrCreate\b")
_SILENCE = 1.0  # seconds a cell waits for the JVM before it says so
_QUIET, _LOOK = 3.0, 0.2  # seconds without a cell, looked for so often


class PythonSpark:
    """`spark` and `sc` in the Python namespace: when they come, and that they stay alive."""

    def __init__(
        self,
        attachment: Attachment,
        shell: IPythonShell,
        display: Settings,
        workspace: str = MAIN,
        handlers: Handlers | None = None,
    ) -> None:
        """`handlers`: those of progress, which cells register with PySpark's session."""
        self._handlers = handlers
        if workspace == MAIN:
            attachment.handlers = handlers
        else:
            attachment.threads.private = True
        self._attachment = attachment
        self._companion = attachment.companion
        self._shell = shell
        self._display = display
        self._workspace = workspace
        # A private session, and the context it is over.
        self._own: tuple[PySparkSession, PySparkContext] | None = None
        self._published: JavaObject = None
        self.group = ""  # of the jobs of the cell that runs
        #: Shows a streaming DataFrame until its cell is stopped.
        self.live: Callable[[PySparkFrame], None] = lambda frame: None

    def attach_when_ready(self, busy: Callable[[], bool] | None = None) -> None:
        """Attaches on a thread of its own as soon as the JVM is there.

        With `busy` once no cell has run for a while: importing PySpark takes a second of the
        processor, and the first cells of another language need it more.

        A thread other than the main one also keeps SparkContext from installing its SIGINT
        handler, which would cancel the jobs of every language.
        """
        threading.Thread(target=self._try, args=[busy], name="toree-pyspark", daemon=True).start()

    def _try(self, busy: Callable[[], bool] | None) -> None:
        with contextlib.suppress(Exception):  # the cell that needs Spark will say what is wrong
            self._companion.entry()
            quiet = _QUIET if busy else 0
            while quiet > 0:
                time.sleep(_LOOK)
                quiet = _QUIET if busy and busy() else quiet - _LOOK
            self.attach()

    def attach(self) -> tuple[PySparkSession, PySparkContext]:
        """The live session of this workspace, and the context.

        Raises:
            ToreeError: the JVM or the pyspark package is missing.
        """
        with self._attachment.lock:
            session, context = self._attachment.attach()
            if self._workspace != MAIN:
                if self._own is None or self._own[1] is not context:
                    self._own = (self._attachment.own(self._workspace), context)
                session = self._own[0]
            if self._published is not session:
                self._publish(session, context)
            return session, context

    @property
    def _is_attached(self) -> bool:
        """Whether what the cells have is over the context there is: others attach, too."""
        if self._workspace == MAIN:
            return self._published is self._attachment.session
        return self._own is not None and self._own[1] is self._attachment.context

    def _attach_if(self, needed: bool) -> bool:
        """Attaches to the session there is, or if `needed` to a fresh one; whether it is fresh."""
        attachment = self._attachment
        with attachment.lock:
            attachment.connect()
            if not attachment.stopped():
                if not self._is_attached:
                    self.attach()
                return False
            there = bool(attachment.gateway.entry_point.hasSession())
            if there or needed:
                self.attach()
            else:
                attachment.forget()  # a builder in the cell is not to find what has ended
            return not there and needed

    def prepare(self, code: str, output: Output, reads: Callable[[], Collection[str]]) -> None:
        """Called before each Python cell: makes `spark` live if the cell needs it.

        `reads` are the names that the cell reads before it assigns them.
        """
        attachment = self._attachment
        if _MENTION.search(code) and needs_spark(self._shell, code):
            again = attachment.context is not None
            self._wait(output)
            needed = not {"spark", "sc"}.isdisjoint(reads())
            fresh = self._on_a_thread(lambda: self._attach_if(needed or attachment.coming()))
            if text := self._companion.epitaph():
                output.stream("stderr", text)
            elif again and fresh:
                output.stream("stderr", "The Spark session had ended: this is a fresh one.\n")
        # Stop cancels this cell's jobs and no others.
        self.group = output.cell
        line = code.strip().partition("\n")[0][:80]
        own = None if self._workspace == MAIN else lambda: self.attach()[0]
        entered = Entered(self._workspace, self.group, line, own, self._handlers)
        if self._workspace == MAIN:
            attachment.threads.newest = entered
        entry = attachment.gateway.entry_point if attachment.is_current else None
        attachment.threads.begin(entered, entry)

    def cancel(self, group: str) -> None:
        """Cancels the Spark jobs of a cell, or of a group; from any thread, in handlers too."""
        self._attachment.cancel(group)

    def _wait(self, output: Output) -> None:
        started, told = self._companion.start(), False
        while True:
            try:
                running.result(started, _SILENCE)
                break
            except (FutureTimeout, TimeoutError):
                if not told:
                    output.stream("stderr", self._companion.progress + "\n")
                    told = True
        if told:
            output.clear()

    @staticmethod
    def _on_a_thread(work: Callable[[], T]) -> T:
        """Runs `work` where no signal can stop it half-way."""
        done: Future[T] = Future()

        def run() -> None:
            try:
                done.set_result(work())
            except BaseException as error:
                done.set_exception(error)

        thread = threading.Thread(target=run, name="toree-pyspark", daemon=True)
        thread.start()
        thread.join()
        return done.result()

    def _publish(self, session: PySparkSession, context: PySparkContext) -> None:
        self._published = session
        names = {"spark": session, "sc": context}
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

    def _frame_bundle(
        self, frame: PySparkFrame, include: Jupyter = None, exclude: Jupyter = None
    ) -> Jupyter:
        from pyspark.errors.exceptions.captured import capture_sql_exception  # noqa: F401

        if frame.isStreaming:
            self.live(frame)
            return {"text/plain": repr(frame)}
        preview = frame._sc._gateway.entry_point.preview(frame._jdf, self._display.rows)
        return Preview.from_wire(json.loads(preview), self._display.widths()).bundle()


def needs_spark(shell: IPythonShell, code: str) -> bool:
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


def _of_pyspark(value: object) -> bool:
    module = value.__name__ if isinstance(value, types.ModuleType) else type(value).__module__
    if isinstance(value, type):
        module = value.__module__
    return str(module).partition(".")[0] == "pyspark"
