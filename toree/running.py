"""A cell that runs: where it prints, and how it is stopped. All that run are in `underway`.

**Stop.** `Running.stop` is told from any thread, a signal's handler too, and so takes no lock. A
cell that another process runs follows that process's messages on its own thread (`follow`), where
the stop is one of them: the process is told, and has some seconds to end the cell. They are seconds
in which this process runs, since a front that stood still (SIGSTOP) has given nobody time.

SIGINT raises nothing where Toree's own code runs: things would be half done there, names not noted,
locks kept. There it only tells the cell (`press`), and its next step does not begin
(`check`). It raises where a user's code runs, or others', and where this thread waits (`opened`).
"""

from __future__ import annotations

import contextlib
import queue
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, InvalidStateError, wait
from contextvars import ContextVar
from typing import Protocol, TypeVar

from .foreign import UserValue
from .interpreters.base import Failed, NoInput, Output
from .lines import STOP, Line, Message
from .signals import Told, meaning

T = TypeVar("T")

PATIENCE = 5.0  # seconds that a stopped cell has by default
_SLICE = 0.5  # the most of them that one wait can take


def stopped() -> Failed:
    return Failed("Interrupted", "The cell was stopped.", ["Interrupted: the cell was stopped."])


def abandoned(language: str) -> Failed:
    """The outcome of a cell that does not stop, where the next one can run beside it."""
    advice = (
        "The cell does not stop: it runs code that never looks for an interrupt. It is left to "
        f"itself. '%restart {language}' gives a new interpreter; the variables of other languages "
        "stay."
    )
    return Failed("Interrupted", advice, [advice])


def stuck(title: str, language: str) -> str:
    """Told while a cell does not stop, where nothing can run beside it."""
    return (
        f"{title} can't be stopped here: it is in native code that never looks for an interrupt. "
        f"Wait for it, or use %restart {language} ({title}'s variables are lost, Spark's session "
        "stays).\n"
    )


class Lock(Protocol):
    """One of threading's."""

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool: ...

    def release(self) -> None: ...


class Running:
    """A cell that runs. Its own thread follows it, any other one may stop it."""

    def __init__(
        self, language: str, output: Output, interrupt: Callable[[], None] = lambda: None
    ) -> None:
        """`interrupt` stops what runs in this process; who runs it may put its own here."""
        self.id = output.cell
        self.language = language
        self.whole = CURRENT.get()  # the one that this is a step of
        self.output = output
        self._stopped = False
        self.hears = False  # a stop is an exception in its own code, which may go on after it
        self.interrupt = interrupt
        # The cell's own, and those of questions asked for it meanwhile, on other threads.
        self._lines: dict[Line, None] = {}
        self._asking = False
        self._told: Future[None] = Future()  # done when the cell was stopped

    # ---------------------------------------------------------------- any thread

    @property
    def stopped(self) -> bool:
        """Whether it, or what it is a step of, was told to stop."""
        whole = self.whole
        return self._stopped or (whole is not None and not whole.hears and whole.stopped)

    def stop(self) -> None:
        """As the stop button does."""
        if not self.tell():
            self.interrupt()

    def tell(self) -> bool:
        """Tells its lines, or those that are to come; whether there are any."""
        self._stopped = True
        whole = self.whole
        while whole is not None:  # no further step of it begins
            whole._stopped, whole = True, whole.whole
        lines = list(self._lines)
        for line in lines:
            line.post(STOP)
        if not self._told.done():
            with contextlib.suppress(InvalidStateError):  # another thread was quicker
                self._told.set_result(None)
        return bool(lines)

    def print(self, name: str, text: str) -> None:
        """Text that another process than the cell's has for it."""
        for line in list(self._lines)[:1]:
            line.post({"event": "stream", "name": name, "text": text})

    # ---------------------------------------------------------------- the cell's thread

    @contextlib.contextmanager
    def catching_sigint(self) -> Iterator[None]:
        """SIGINT stops this cell: an exception in the middle of a message would lose output."""
        with meaning(Told(self.press)):
            yield

    def press(self) -> None:
        """SIGINT has come."""
        if self._asking:
            self._stopped = True
            raise KeyboardInterrupt
        self.tell()

    def wait(self, future: Future[T], limit: float | None = None) -> T:
        """A future's result.

        Raises:
            KeyboardInterrupt: the cell was stopped.
            TimeoutError: it has none in time.
        """
        if threading.current_thread() is threading.main_thread():
            with opened():
                return future.result(limit)
        either: list[Future[UserValue]] = [future, self._told]
        wait(either, limit, FIRST_COMPLETED)
        if self.stopped and not future.done():
            raise KeyboardInterrupt
        return future.result(0)

    def follow(self, line: Line, output: Output, patience: float) -> Message | None:
        """Takes what the process sends to its reply; None when it is gone without one."""
        left, ordered = patience, False
        # A signal that comes just before the wait does not end it: Python's handler runs after it.
        signalled = threading.current_thread() is threading.main_thread()
        self._lines[line] = None
        try:
            if self.stopped:  # `tell` notes it first and then looks for a line: one of us sees
                line.post(STOP)
            while True:
                try:
                    message = line.receive(_SLICE if ordered or signalled else None)
                except queue.Empty:
                    if not ordered:
                        continue
                    left -= _SLICE
                    if left <= 0 and (reply := line.give_up()) is not None:
                        return reply
                    continue
                if message is None or "reply" in message:
                    return message
                if message["event"] == "stop":
                    ordered = True
                    line.stop()
                elif not line.takes(message):
                    self._deliver(message, line, output)
        finally:
            del self._lines[line]

    def _deliver(self, message: Message, line: Line, output: Output) -> None:
        event = message["event"]
        if event == "stream":
            output.stream(message["name"], message["text"])
        elif event == "display":
            output.display(
                message["data"],
                message.get("metadata") or {},
                display_id=message.get("display_id"),
                update=bool(message.get("update")),
            )
        elif event == "clear":
            output.clear(bool(message["wait"]))
        elif event == "ask":
            self._ask(message, line, output)

    def _ask(self, message: Message, line: Line, output: Output) -> None:
        try:
            self._asking = True
            if self.stopped:
                raise KeyboardInterrupt  # it came just before the question
            text = output.ask(message["prompt"], password=bool(message.get("password")))
            self._asking = False
        except KeyboardInterrupt:
            self._asking = False
            self._stopped = True
            line.refuse(message, "")
            line.post(STOP)
        except NoInput as refused:
            line.refuse(message, str(refused))
        except EOFError:
            line.answer(message, None)
        else:
            line.answer(message, text)
        finally:
            self._asking = False


CURRENT: ContextVar[Running | None] = ContextVar("running", default=None)


def current(output: Output) -> Running:
    """The cell this is done for; one that nobody knows where none is."""
    return CURRENT.get() or Running("", output)


def here() -> Running | None:
    """The cell that this thread works for."""
    return CURRENT.get()


def is_stopped() -> bool:
    """Whether the cell of this thread was told to stop."""
    current = CURRENT.get()
    return current is not None and current.stopped and not current.hears


def press() -> None:
    """SIGINT has come, where nothing may be raised: the cell of this thread is told."""
    if (cell := CURRENT.get()) is not None:
        cell.press()


@contextlib.contextmanager
def opened() -> Iterator[None]:
    """Where others' code runs, or this thread waits: SIGINT raises.

    Raises:
        KeyboardInterrupt: it has come.
    """
    before = signal.getsignal(signal.SIGINT)
    with meaning(signal.default_int_handler if isinstance(before, Told) else before):
        check()
        yield


def check() -> None:
    """Between two steps of a cell: a stop can have come at the end of the first, to no effect.

    Raises:
        KeyboardInterrupt: it was told to stop.
    """
    if is_stopped():
        raise KeyboardInterrupt


def result(future: Future[T], limit: float | None = None) -> T:
    """A future's result, for the cell of this thread, if any: see `Running.wait`."""
    current = CURRENT.get()
    return future.result(limit) if current is None else current.wait(future, limit)


@contextlib.contextmanager
def holding(lock: Lock) -> Iterator[None]:
    """Waits for a lock as long as the cell of this thread is not stopped, and holds it.

    Raises:
        KeyboardInterrupt: it was stopped.
    """
    while not lock.acquire(timeout=_SLICE):
        check()
    try:
        yield
    finally:
        lock.release()
