"""A cell's call of the companion JVM, and what the JVM sends to this process.

A worker thread makes the blocking Py4J call; the JVM sends the cell's output back over that same
connection (`toree.Events`), and the thread that runs the cell takes it from a queue and hands it to
the cell's `Output` (`running.Running.follow`). So everything a cell printed precedes its reply, and
a signal never hits a Py4J call in the middle.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Literal

from .. import live
from ..errors import CompanionFailed, ToreeError
from ..interpreters.base import Output
from ..lines import Message
from . import MAIN

#: The id under which the JVM calls a process's `Events` (`Gateway.scala`).
EVENTS = "toree.events"
_PENDING_EVENTS = 64  # batches of output that may wait for the front: what bounds its memory
_SILENCE = 1.0  # seconds before a waiting cell says that the JVM is starting
_ABORTED = {"status": "aborted"}
_ABANDONED = {"status": "abandoned"}


class Call:
    """The line between a running cell and the JVM (`lines.Line`)."""

    def __init__(
        self,
        begin: Callable[[], None],
        interrupt: Callable[[], None],
        slow: Callable[[bool], None],
        workspace: str = MAIN,
    ) -> None:
        """
        Args:
            begin: makes the call; on the cell's thread, once the JVM is there or can't be.
            interrupt: tells the JVM to stop the cell.
            slow: told that the JVM has been long in starting (True), and that it is there.
        """
        self.workspace = workspace
        self.begun = False  # its JVM has been called: that JVM's death is its own
        self._begin = begin
        self._interrupt = interrupt
        self._slow = slow
        self._told = False
        self._queue: queue.SimpleQueue[tuple[Message, bool]] = queue.SimpleQueue()
        self._room = threading.Semaphore(_PENDING_EVENTS)
        self._questions: set[Future[str | None]] = set()
        self._over = False

    # ---------------------------------------------------------------- the worker's thread

    def make(self, call: Callable[[], str]) -> None:
        try:
            self.post({"reply": "done", "outcome": json.loads(call())})
        except BaseException as error:
            refused = getattr(error, "java_exception", None)  # a Py4JJavaError's
            if refused is not None:
                error = CompanionFailed(str(refused.getMessage()))
            self.post({"reply": "failed", "error": error})

    def event(self, message: Message) -> None:
        if not self._over:
            self._room.acquire()
            self._queue.put((message, True))

    def ask(self, prompt: str, password: bool) -> str | None:
        """The user's answer after "="; "" where nobody can be asked.

        None: there is none, or the cell is over, and so nobody reads the question.
        """
        answer: Future[str | None] = Future()
        self._questions.add(answer)
        if self._over:
            return None
        self.event({"event": "ask", "prompt": prompt, "password": password, "answer": answer})
        return answer.result()

    # ---------------------------------------------------------------- any thread

    def post(self, message: Message) -> None:
        self._queue.put((message, False))

    def fail(self, failure: ToreeError) -> None:
        self.post({"reply": "failed", "error": failure})

    # ---------------------------------------------------------------- the cell's thread

    def receive(self, timeout: float | None) -> Message:
        if not self.begun and not self._told:
            try:
                return self._queue.get(timeout=_SILENCE)[0]
            except queue.Empty:
                self._told = True
                self._slow(True)
        message, counted = self._queue.get(timeout=timeout)
        if counted:
            self._room.release()
        return message

    def takes(self, message: Message) -> bool:
        if message["event"] != "started":
            return False
        if self._told:
            self._slow(False)
        self._begin()
        return True

    def answer(self, question: Message, text: str | None) -> None:
        self._answer(question, None if text is None else f"={text}")

    def refuse(self, question: Message, why: str) -> None:
        self._answer(question, "" if why else None)

    def _answer(self, question: Message, said: str | None) -> None:
        answer: Future[str | None] = question["answer"]
        self._questions.discard(answer)
        with contextlib.suppress(Exception):  # `close` was quicker
            answer.set_result(said)

    def stop(self) -> None:
        if self.begun:
            self._interrupt()
        else:
            self.post({"reply": "done", "outcome": _ABORTED})

    def give_up(self) -> Message:
        return {"reply": "done", "outcome": _ABANDONED}

    def close(self) -> None:
        """The cell is over: no thread of its goes on waiting for this one."""
        self._over = True
        for _ in range(_PENDING_EVENTS):
            self._room.release()
        for answer in list(self._questions):
            with contextlib.suppress(Exception):
                answer.set_result(None)


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
    #: Where a cell shows things, also one that has ended; None: of no cell it knows.
    output: Callable[[str], Output | None] = lambda cell: None


class Events:
    """Python's side of `toree.Events`: routes what the JVM sends to the cell it belongs to."""

    class Java:
        implements = ("toree.Events",)

    def __init__(self) -> None:
        self.calls: dict[str, Call] = {}
        #: Cells of Python and R, which run elsewhere: where what the JVM prints for them goes.
        self._printing: dict[str, Callable[[str, str], None]] = {}
        #: Takes what a cell prints after its end: (name of the stream, text).
        self.late_output: Callable[[str, str], None] = lambda name, text: None
        #: By workspace.
        self._answers: dict[str, Answers] = {}
        #: `kernel.comm`: does what it asks, as JSON; the id of a comm that it opens.
        self.asked_comm: Callable[[str, str], str] = lambda cell, text: ""
        #: Takes what SparkMonitor's extension draws, as JSON.
        self.monitored_jobs: Callable[[str], None] = lambda message: None
        #: Told of `sparkReady` and `sessionEnded`.
        self.happened_event: Callable[..., None] = lambda event: None

    def answers(self, workspace: str) -> Answers:
        """What a workspace answers; it fills in what it can."""
        return self._answers.setdefault(workspace, Answers())

    def forget(self, workspace: str) -> None:
        """A workspace is gone."""
        self._answers.pop(workspace, None)

    def _asked(self, cell: str) -> Answers:
        call = self.calls.get(cell)
        return self.answers(MAIN if call is None else call.workspace)

    def fail(self, failure: ToreeError) -> bool:
        """Ends the calls of a JVM that is gone; whether there were any."""
        failed = [call for call in list(self.calls.values()) if call.begun]
        for call in failed:
            call.fail(failure)
        return bool(failed)

    def stream(self, cell: str, name: Literal["stdout", "stderr"], text: str) -> None:
        if call := self.calls.get(cell):
            call.event({"event": "stream", "name": name, "text": text})
        else:
            self._printing.get(cell, self.late_output)(name, text)

    @contextlib.contextmanager
    def printing(self, cell: str, write: Callable[[str, str], None]) -> Iterator[None]:
        """Reports a cell that runs outside of the JVM; `write` is called on any thread."""
        before = self._printing.get(cell)  # the cell that this one is a part of
        self._printing[cell] = write
        try:
            yield
        finally:
            self._printing.pop(cell, None)
            if before is not None:
                self._printing[cell] = before

    def display(self, cell: str, message: str) -> None:
        call, shown = self.calls.get(cell), json.loads(message)
        data = live.bundle(shown) if "stream" in shown else shown["data"]
        if call is not None:
            call.event({**shown, "event": "display", "data": data})
            return
        for answers in list(self._answers.values()):  # of a thread that goes on after its cell
            if (output := answers.output(cell)) is not None:
                output.display(
                    data,
                    shown.get("metadata"),
                    display_id=shown.get("display_id"),
                    update=bool(shown.get("update")),
                )

    def clear(self, cell: str, wait: bool) -> None:
        if call := self.calls.get(cell):
            call.event({"event": "clear", "wait": wait})

    def progress(self, cell: str, facts: str) -> bool:
        # Of a cell of any language: who runs it knows.
        return any(a.tell_progress(cell, facts) for a in list(self._answers.values()))

    def ask(self, cell: str, prompt: str, password: bool) -> str | None:
        call = self.calls.get(cell)
        return call.ask(prompt, password) if call else None

    def shared(self, cell: str, name: str) -> str:
        try:
            return self._asked(cell).shared_value(name)
        except KeyboardInterrupt:  # the cell was stopped, and needs it no more
            return ""

    def sharedNames(self, cell: str) -> str:
        return "\n".join(self._asked(cell).shared_names())

    def magic(self, cell: str, name: str, line: str, body: str) -> str:
        return self._asked(cell).called_magic(cell, name, line, body)

    def comm(self, cell: str, text: str) -> str:
        return self.asked_comm(cell, text)

    def monitored(self, message: str) -> None:
        self.monitored_jobs(message)

    def happened(self, event: str) -> None:
        self.happened_event(event)
