"""A cell that runs in the companion JVM: what the JVM sends while it runs, and the stop button.

A worker thread makes the blocking Py4J call; the JVM sends the cell's output back over that same
connection (`toree.Events`), and the thread that runs the cell, the kernel's main thread, takes it
from a queue and hands it to the cell's `Output`. So everything a cell printed precedes its reply,
and a signal never hits a Py4J call in the middle.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import queue
import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Literal, cast

from .. import live
from ..errors import CompanionFailed, ToreeError
from ..interpreters.base import NoInput, Output
from . import MAIN

#: The id under which the JVM calls a process's `Events` (`Gateway.scala`).
EVENTS = "toree.events"
_PENDING_EVENTS = 64  # batches of output that may wait for the front: what bounds its memory


class Run:
    """One running cell: the queue between the thread that calls the JVM and the cell's own."""

    def __init__(self, output: Output, workspace: str = MAIN) -> None:
        self.output = output
        self.workspace = workspace
        self.interrupted = False
        self.begun = False  # its JVM has been called: that JVM's death is its own
        self._queue: queue.SimpleQueue[tuple[Any, ...]] = queue.SimpleQueue()
        self._room = threading.Semaphore(_PENDING_EVENTS)
        self._over = False

    # on the worker's thread

    def work(self, call: Callable[[], str]) -> None:
        try:
            self._queue.put(("done", json.loads(call())))
        except BaseException as error:
            refused = getattr(error, "java_exception", None)  # a Py4JJavaError's
            if refused is not None:
                error = CompanionFailed(str(refused.getMessage()))
            self._queue.put(("failed", error))

    def event(self, *event: Any) -> None:
        if not self._over:
            self._room.acquire()
            self._queue.put(event)

    def answer(self, prompt: str, password: bool) -> str | None:
        reply: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self.event("ask", prompt, password, reply)
        return reply.get()

    # on any thread

    def interrupt(self) -> None:
        self.interrupted = True
        self._queue.put(("interrupt",))

    def finish(self, failure: ToreeError) -> None:
        self._queue.put(("failed", failure))

    # on the cell's thread

    @contextlib.contextmanager
    def catching_sigint(self) -> Iterator[None]:
        """SIGINT becomes an event: an exception in the middle of a send would lose output."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.signal(signal.SIGINT, lambda *_: self.interrupt())
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def drain(self, stop: Callable[[], None], patience: float) -> dict[str, Any]:
        deadline: float | None = None
        try:
            while True:
                left = None if deadline is None else max(deadline - time.monotonic(), 0)
                try:
                    kind, *rest = self._queue.get(timeout=left)
                except queue.Empty:
                    return {"status": "abandoned"}
                if kind == "done":
                    return cast("dict[str, Any]", rest[0])
                if kind == "failed":
                    self._fail(rest[0])
                elif kind == "interrupt":
                    stop()
                    deadline = deadline or time.monotonic() + patience
                else:
                    self._deliver(kind, rest)
                    self._room.release()
        finally:
            self._over = True
            for _ in range(_PENDING_EVENTS):
                self._room.release()  # a thread that still prints must not wait for us

    def _fail(self, error: BaseException) -> None:
        if isinstance(error, ToreeError):
            raise error
        # The connection broke: the JVM is dying, and the watcher will say how.
        with contextlib.suppress(queue.Empty):
            while True:
                kind, *rest = self._queue.get(timeout=2.0)
                if kind == "failed" and isinstance(rest[0], ToreeError):
                    raise rest[0]
                if kind not in ("failed", "interrupt", "done"):
                    self._deliver(kind, rest)
        raise CompanionFailed(f"The companion JVM did not answer: {error}") from error

    def _deliver(self, kind: str, rest: list[Any]) -> None:
        if kind == "stream":
            self.output.stream(rest[0], rest[1])
        elif kind == "display":
            shown = json.loads(rest[0])
            data = live.bundle(shown) if "stream" in shown else shown["data"]
            self.output.display(
                data,
                shown.get("metadata") or {},
                display_id=shown.get("display_id"),
                update=bool(shown.get("update")),
            )
        elif kind == "clear":
            self.output.clear(rest[0])
        elif kind == "ask":
            prompt, password, reply = rest
            try:
                reply.put("=" + self._ask(prompt, password))
            except KeyboardInterrupt:
                reply.put(None)
                self.interrupt()
            except NoInput:
                reply.put("")
            except EOFError:
                reply.put(None)

    def _ask(self, prompt: str, password: bool) -> str:
        if threading.current_thread() is not threading.main_thread():
            return self.output.ask(prompt, password=password)
        # The front end's answer is waited for in the kernel: there SIGINT must raise.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            return self.output.ask(prompt, password=password)
        finally:
            signal.signal(signal.SIGINT, before)


@dataclasses.dataclass
class Answers:
    """What a workspace answers the JVM while one of its cells runs."""

    #: `kernel.data` asks: a shared name's value as JSON, and the names.
    shared_value: Callable[[str], str] = lambda name: ""
    shared_names: Callable[[], list[str]] = list
    #: `kernel.magics`: runs a magic in a cell; "" or why it failed.
    called_magic: Callable[[str, str, str, str], str] = lambda *call: "no magics here"
    #: Takes how far a cell's Spark jobs are, as JSON; says whether more of it is wanted.
    tell_progress: Callable[[str, str], bool] = lambda cell, facts: False


class Events:
    """Python's side of `toree.Events`: routes what the JVM sends to the cell it belongs to."""

    class Java:
        implements = ("toree.Events",)

    def __init__(self) -> None:
        self.runs: dict[str, Run] = {}
        #: Cells of Python and R, which run elsewhere: where what the JVM prints for them goes.
        self._printing: dict[str, Callable[[str, str], None]] = {}
        #: Takes what a cell prints after its end: (name of the stream, text).
        self.late_output: Callable[[str, str], None] = lambda name, text: None
        #: By workspace.
        self._answers: dict[str, Answers] = {}
        #: `kernel.comm`: does what it asks, as JSON; the id of a comm that it opens.
        self.asked_comm: Callable[[str, str], str] = lambda cell, text: ""
        #: Told of `sparkReady` and `sessionEnded`.
        self.happened_event: Callable[[Any], None] = lambda event: None

    def answers(self, workspace: str) -> Answers:
        """What a workspace answers; it fills in what it can."""
        return self._answers.setdefault(workspace, Answers())

    def forget(self, workspace: str) -> None:
        """A workspace is gone."""
        self._answers.pop(workspace, None)

    def _asked(self, cell: str) -> Answers:
        run = self.runs.get(cell)
        return self.answers(MAIN if run is None else run.workspace)

    def stream(self, cell: str, name: Literal["stdout", "stderr"], text: str) -> None:
        if run := self.runs.get(cell):
            run.event("stream", name, text)
        else:
            self._printing.get(cell, self.late_output)(name, text)

    @contextlib.contextmanager
    def printing(self, cell: str, write: Callable[[str, str], None]) -> Iterator[None]:
        """Reports a cell that runs outside of the JVM; `write` is called on any thread."""
        self._printing[cell] = write
        try:
            yield
        finally:
            del self._printing[cell]

    def display(self, cell: str, message: str) -> None:
        if run := self.runs.get(cell):
            run.event("display", message)

    def clear(self, cell: str, wait: bool) -> None:
        if run := self.runs.get(cell):
            run.event("clear", wait)

    def progress(self, cell: str, facts: str) -> bool:
        # Of a cell of any language: who runs it knows.
        return any(a.tell_progress(cell, facts) for a in list(self._answers.values()))

    def ask(self, cell: str, prompt: str, password: bool) -> str | None:
        run = self.runs.get(cell)
        return run.answer(prompt, password) if run else None

    def shared(self, cell: str, name: str) -> str:
        return self._asked(cell).shared_value(name)

    def sharedNames(self, cell: str) -> str:
        return "\n".join(self._asked(cell).shared_names())

    def magic(self, cell: str, name: str, line: str, body: str) -> str:
        return self._asked(cell).called_magic(cell, name, line, body)

    def comm(self, cell: str, text: str) -> str:
        return self.asked_comm(cell, text)

    def happened(self, event: str) -> None:
        self.happened_event(event)
