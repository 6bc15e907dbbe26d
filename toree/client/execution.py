"""A cell that was sent: its events as they come, its value, and how to stop it."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import TypeVar

from ..foreign import Facts, Json
from .asking import Asking
from .errors import (
    ClientError,
    ExecutionAborted,
    ExecutionError,
    ExecutionTimeout,
)
from .events import Display, Event, Progress, Result, Stream, event_of, outputs_of
from .messages import Message

log = logging.getLogger("toree.client")

#: Answers `input()`: the prompt, and whether it asks for a password.
Answer = Callable[[str, bool], str | Awaitable[str]]
E = TypeVar("E", bound=Event)


class AsyncExecution:
    """One execution. Made by `AsyncClient.execute`; it runs whether anybody looks or not."""

    runs = True

    def __init__(
        self,
        connection: Asking,
        content: Json,
        *,
        timeout: float | None = None,
        on_input: Answer | None = None,
    ) -> None:
        self.code: str = content["code"]
        self._connection = connection
        self._content = content
        self._answer = on_input
        self._events: list[Event] = []
        self._callbacks: list[tuple[type[object], Callable[..., object]]] = []
        self._changed = asyncio.Event()
        self._reply: Message | None = None
        self._idle = False
        self._begun = False
        self._cancelled = False
        self._failure: ClientError | None = None
        self._over = asyncio.Event()
        self._tasks: set[asyncio.Task[object]] = set()
        self.id = connection.ask("shell", "execute_request", content, self)
        self._timer: asyncio.TimerHandle | None = None
        if timeout is not None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(timeout, self._late, timeout)

    # ---------------------------------------------------------------- asking

    @property
    def done(self) -> bool:
        return self._over.is_set()

    async def result(self) -> Result:
        """Waits for the end: the cell's value, else what it displayed last, else an empty one.

        Raises:
            ExecutionError: the code failed, or was cancelled.
            ClientError: its outcome is unknown; the message says why.
        """
        await self._over.wait()
        if self._failure is not None:
            raise self._failure
        return self._value()

    async def wait(self) -> None:
        """Waits for the end, whatever it is."""
        await self._over.wait()

    def __aiter__(self) -> AsyncGenerator[Event, None]:
        """All events, also those that came before; ends with the execution."""
        return self._iterate()

    async def _iterate(self) -> AsyncGenerator[Event, None]:
        at = 0
        while True:
            while at < len(self._events):
                at += 1
                yield self._events[at - 1]
            if self.done:
                return
            self._changed.clear()
            await self._changed.wait()

    @property
    def outputs(self) -> list[Json]:
        """What came so far, as a notebook keeps it (nbformat's outputs)."""
        return outputs_of(self._events)

    # ---------------------------------------------------------------- being told

    def on_stream(self, call: Callable[[Stream], object]) -> AsyncExecution:
        """Calls with each text printed. What came before is told at once: here and below."""
        return self._on(Stream, call)

    def on_display(self, call: Callable[[Display], object]) -> AsyncExecution:
        """Calls with each display and update, those of progress excepted."""
        return self._on(Display, call)

    def on_progress(self, call: Callable[[Progress], object]) -> AsyncExecution:
        """Calls with each report of how far the Spark jobs are."""
        return self._on(Progress, call)

    def on_result(self, call: Callable[[Result], object]) -> AsyncExecution:
        """Calls with the cell's value when it has one."""
        return self._on(Result, call)

    def on_error(self, call: Callable[[ClientError], object]) -> AsyncExecution:
        """Calls with what `result` would raise, when the execution has failed."""
        if self.done:
            if self._failure is not None:
                self._call(call, self._failure)
        else:
            self._callbacks.append((ClientError, call))
        return self

    def _on(self, kind: type[E], call: Callable[[E], object]) -> AsyncExecution:
        for event in self._events:
            if type(event) is kind:
                self._call(call, event)
        self._callbacks.append((kind, call))
        return self

    def _tell(self, kind: type[object], what: object) -> None:
        for wanted, call in self._callbacks:
            if wanted is kind:
                self._call(call, what)

    def _call(self, call: Callable[..., object], what: object) -> None:
        """A callback's own fault is logged and stops nothing."""
        try:
            outcome = call(what)
        except Exception:
            log.exception("A callback failed")
            return
        if inspect.isawaitable(outcome):
            self._spawn(outcome)

    def _spawn(self, work: Awaitable[object]) -> None:
        async def run() -> None:
            try:
                await work
            except Exception:
                log.exception("A callback failed")

        task = asyncio.ensure_future(run())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # ---------------------------------------------------------------- stopping

    async def cancel(self) -> None:
        """Stops this execution and no other; returns when the kernel has been told.

        One that is still queued never runs. `result` then raises ExecutionAborted, or what the
        code made of being stopped.
        """
        if not self.done:
            await self._stop()

    async def _stop(self) -> None:
        self._cancelled = True
        if self._connection.info.get("implementation") == "toree":
            content = {"op": "cancel", "execution": self.id}
            await self._connection.request("control", "toree_request", content)
        elif self._begun:
            await self._connection.transport.interrupt()

    def _late(self, seconds: float) -> None:
        if self.done:
            return
        self._spawn(self._stop())  # before its end here: it runs on there
        message = f"it took longer than {seconds:g} s and was cancelled"
        self._end(ExecutionTimeout("Timeout", message))

    # ---------------------------------------------------------------- messages

    def take(self, message: Message) -> bool:
        if message.channel == "shell" and message.kind == "execute_reply":
            self._reply = message
        elif message.channel == "stdin" and message.kind == "input_request":
            self._spawn(self._ask(message))
        elif message.channel == "iopub":
            if message.kind == "status":
                self._idle = message.content["execution_state"] == "idle"
                if not self._idle and not self._begun:
                    self._begun = True
                    if self._cancelled:  # a kernel that can't take back what is queued
                        self._spawn(self._stop())
            elif (event := event_of(message)) is not None and not self.done:
                self._events.append(event)
                self._changed.set()
                self._tell(type(event), event)
        if self._reply is None or not self._idle:
            return False
        return self._finish(self._reply.content)

    def _finish(self, content: Facts) -> bool:
        if content["status"] == "aborted" and not self._cancelled and not self._wants_abort:
            # The failed cell of another client emptied the queue. This one never began: again.
            self._reply, self._idle, self._begun = None, False, False
            try:
                self.id = self._connection.ask("shell", "execute_request", self._content, self)
            except ClientError as lost:
                self._end(lost)
            return True
        error: ClientError | None = None
        if content["status"] == "aborted":
            error = ExecutionAborted("Aborted", "the execution did not begin")
        elif content["status"] == "error":
            kind = ExecutionAborted if self._cancelled else ExecutionError
            error = kind(
                content.get("ename", "Error"),
                content.get("evalue", ""),
                content.get("traceback", ()),
            )
        self._end(error)
        return True

    @property
    def _wants_abort(self) -> bool:
        return bool(self._content.get("stop_on_error"))

    def fail(self, error: ClientError) -> None:
        if self._reply is not None:  # it answered, and only the last word on iopub is missing
            self._finish(self._reply.content)
        else:
            self._end(error)

    def _end(self, error: ClientError | None) -> None:
        if self.done:
            return
        self._failure = error
        if self._timer is not None:
            self._timer.cancel()
        self._over.set()
        self._changed.set()
        if error is not None:
            self._tell(ClientError, error)
        self._callbacks.clear()

    def _value(self) -> Result:
        shown: Result | None = None
        for event in reversed(self._events):
            if isinstance(event, Result):
                return event
            if shown is None and type(event) is Display:
                shown = Result(event.data, event.metadata)
        return shown or Result()

    async def _ask(self, message: Message) -> None:
        prompt, password = message.content["prompt"], bool(message.content.get("password"))
        try:
            if self._answer is None:
                raise EOFError
            answer = self._answer(prompt, password)
            value = answer if isinstance(answer, str) else await answer
        except EOFError:
            value = "\x04"
        except Exception:
            log.exception("on_input failed: the cell's input ends")
            value = "\x04"
        self._connection.ask(
            "stdin", "input_reply", {"status": "ok", "value": value}, parent=dict(message.header)
        )
