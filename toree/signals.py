"""What SIGINT means: while a Python cell runs (`stopping`), during a conversation (`holding`)."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

#: Py4J's connections: one thread's conversation with the JVM, question and answer in turn.
_CONNECTIONS = ("ClientServerConnection", "GatewayConnection")


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
        if callable(before):
            before(number, frame)

    signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextlib.contextmanager
def cancelling(task: asyncio.Future[Any], stopped: Callable[[], None]) -> Iterator[None]:
    """Makes SIGINT stop an `await` of a cell: its task alone, and not those it did not wait for.

    Within `stopping`, whose handler raises: that is right where the cell's own code computes. Where
    it waits, the event loop sleeps, and a signal alone does not wake it.
    """
    loop, before = asyncio.get_running_loop(), signal.getsignal(signal.SIGINT)

    def stop(number: int, frame: FrameType | None) -> None:
        __tracebackhide__ = True
        stopped()
        if not callable(before):
            return
        if asyncio.current_task(loop) is task:
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
        owner = frame.f_locals.get("self") if frame.f_code.co_name == "send_command" else None
        if type(owner).__name__ in _CONNECTIONS:
            with contextlib.suppress(Exception):
                owner.close()  # type: ignore[union-attr]
        frame = frame.f_back
