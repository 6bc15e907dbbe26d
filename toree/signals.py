"""What SIGINT means: while a Python cell runs (`stopping`), during a conversation (`holding`)."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import ctypes
import functools
import logging
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import TypeAlias

from .foreign import JavaObject

#: Py4J's connections: one thread's conversation with the JVM, question and answer in turn.
_GRACE = 2.0  # seconds a call that is under way has to end by itself
_CONNECTIONS = ("ClientServerConnection", "GatewayConnection")


class Told:
    """A handler of SIGINT that raises nothing."""

    def __init__(self, act: Callable[[], None]) -> None:
        self._act = act

    def __call__(self, number: int, frame: FrameType | None) -> None:
        self._act()


#: As `signal.signal` takes it.
Meaning: TypeAlias = "Callable[[int, FrameType | None], object] | int | None"


@contextlib.contextmanager
def meaning(act: Meaning) -> Iterator[None]:
    """What SIGINT does from here on; other threads hear of none."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, act)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextlib.contextmanager
def stopping(cancel: Callable[[], None]) -> Iterator[None]:
    """Makes SIGINT stop the cell's Spark jobs, then raise KeyboardInterrupt in the main thread.

    The exception alone would end the wait for the JVM and leave the job running. `cancel` is called
    inside the handler: it must take no lock.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGINT)

    def stop(number: int, frame: FrameType | None) -> None:
        __tracebackhide__ = True  # IPython leaves this frame out
        cancel()
        hang_up(frame)
        raises = signal.default_int_handler if isinstance(before, Told) else before
        if callable(raises):
            raises(number, frame)

    signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


class Raised:
    """KeyboardInterrupt in a thread that no signal reaches, while its cell runs.

    Used as a context around the cell, on its thread; `stop` is for any other. What waits in C (a
    `sleep`) hears of it when that returns.
    """

    def __init__(self) -> None:
        self._thread = threading.get_ident()
        self._main = threading.current_thread() is threading.main_thread()
        self._lock = threading.Lock()
        self._running = False
        self._asked = False  # and not raised yet
        #: Where the cell awaits: the loop, what is awaited, what to say before it is cancelled.
        self.task: (
            tuple[asyncio.AbstractEventLoop, asyncio.Future[object], Callable[[], None]] | None
        ) = None

    def __enter__(self) -> Raised:
        self._running = True
        return self

    def __exit__(self, *error: object) -> None:
        # One that comes too late is nobody's. It is taken, not taken back: Python would look for
        # it at each line from then on, and never end to where a debugger traces.
        while self._running:
            with contextlib.suppress(KeyboardInterrupt):
                with self._lock:
                    self._running = False
                for _ in range(2):
                    pass

    @property
    def runs_here(self) -> bool:
        return self._running and threading.get_ident() == self._thread

    def overtaken(self) -> bool:
        """Whether an error of the cell came before the exception that was asked for; it is not
        raised then. A job that is cancelled fails at once, and its call with it."""
        with self._lock:
            asked, self._asked = self._asked, False
        return asked

    def stop(self, cancel: Callable[[], None]) -> None:
        """`cancel` ends the cell's jobs: their error may be there before that returns."""
        self._asked = not self._main
        cancel()
        if not self._main:
            threading.Thread(target=self._stop, name="toree-stop", daemon=True).start()

    def _stop(self) -> None:
        deadline = time.monotonic() + _GRACE
        while True:
            with self._lock:
                if not (self._running and self._asked):
                    return
                frame = sys._current_frames().get(self._thread)
                call = _conversation(frame)
                if call is None:
                    self._asked = False
                    if self.task is not None and not _computes(frame):
                        loop, task, stopped = self.task
                        stopped()
                        loop.call_soon_threadsafe(task.cancel)
                    else:
                        _raise(self._thread, KeyboardInterrupt)
                    return
                if time.monotonic() > deadline:  # its answer must not be read as the next one's
                    self._asked = False
                    _leave(call, self._thread)
                    return
            time.sleep(0.02)


#: Of the Python cell that runs.
RAISED: contextvars.ContextVar[Raised | None] = contextvars.ContextVar("toree_stop", default=None)


@functools.cache
def keep_interrupts() -> None:
    """KeyboardInterrupt in a `__del__`, or in a weak reference's callback, comes again after it.

    Python prints and forgets what is raised there, and a cell would go on. What traces a frame may
    raise, at its next line; an exception sent to the thread could fall into the next `__del__`.
    """
    before = sys.unraisablehook

    def raising(frame: FrameType, event: str, argument: object) -> None:
        raise KeyboardInterrupt

    def caught(unraisable: sys.UnraisableHookArgs) -> None:
        stop = RAISED.get(None)
        lost = unraisable.exc_type is KeyboardInterrupt and stop is not None and stop.runs_here
        if lost and sys.gettrace() is None:  # a debugger has its own
            sys._getframe(1).f_trace = raising
            sys.settrace(lambda *_: None)
        else:
            before(unraisable)

    sys.unraisablehook = caught


@functools.cache
def silence_py4j() -> None:
    """It logs each KeyboardInterrupt, with its frames and ours; the cell shows that anyway."""
    said = "KeyboardInterrupt while sending command."
    logging.getLogger().addFilter(lambda record: record.msg != said)


def _raise(thread: int, error: type[BaseException]) -> None:
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(error))


def _leave(call: JavaObject, thread: int) -> None:
    """Ends the wait of another thread for its call's answer.

    Raised before the wait ends, for Py4J makes a call again whose line was lost. It finds the
    connection without a socket, or it would close those of other threads.
    """
    line, call.socket = call.socket, None
    _raise(thread, KeyboardInterrupt)
    if line is not None:
        with contextlib.suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)
        line.close()


def _computes(frame: FrameType | None) -> bool:
    """Whether a cell's own code is on the stack; it awaits something if not."""
    while frame is not None:
        if frame.f_code.co_name == "run_code":  # IPython's
            return True
        frame = frame.f_back
    return False


@contextlib.contextmanager
def cancelling(task: asyncio.Future[object], stopped: Callable[[], None]) -> Iterator[None]:
    """Makes SIGINT stop an `await` of a cell: its task alone, and not those it did not wait for.

    Within `stopping`, whose handler raises: that is right where the cell's own code computes, and
    would end the event loop in its own code, some of which runs as the task. Where the cell waits,
    the loop sleeps, and a signal alone does not wake it.
    """
    loop, before = asyncio.get_running_loop(), signal.getsignal(signal.SIGINT)

    def stop(number: int, frame: FrameType | None) -> None:
        __tracebackhide__ = True
        stopped()
        if not callable(before):
            return
        if asyncio.current_task(loop) is task and _computes(frame):
            before(number, frame)
        with contextlib.suppress(KeyboardInterrupt):
            before(number, frame)
        loop.call_soon_threadsafe(task.cancel)

    signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextlib.contextmanager
def holding() -> Iterator[None]:
    """Holds SIGINT back: a question without its answer read would shift all later answers."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: came.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if came:
        raise KeyboardInterrupt


def hang_up(frame: FrameType | None) -> None:
    """Closes the Py4J connection in the middle of whose call `frame` is; the next call opens one.

    The answer to a call that was left would else be read as the answer to the next call: PySpark's
    own clean-up makes one while the KeyboardInterrupt is still on its way.
    """
    while frame is not None:
        if (owner := _connection(frame)) is not None:
            with contextlib.suppress(Exception):
                owner.close()
        frame = frame.f_back


def _conversation(frame: FrameType | None) -> JavaObject:
    """The Py4J connection in the middle of whose call a stack is; None elsewhere."""
    while frame is not None:
        if (owner := _connection(frame)) is not None:
            return owner
        frame = frame.f_back
    return None


def _connection(frame: FrameType) -> JavaObject:
    owner = frame.f_locals.get("self") if frame.f_code.co_name == "send_command" else None
    return owner if type(owner).__name__ in _CONNECTIONS else None
