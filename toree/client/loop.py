"""An event loop on a thread of its own, for programs without one."""

from __future__ import annotations

import asyncio
import concurrent.futures
import functools
import logging
import queue
import threading
from collections.abc import Awaitable, Callable, Coroutine
from typing import TypeVar

from .errors import ConnectionLost

T = TypeVar("T")
log = logging.getLogger("toree.client")


class Loop:
    """A thread with an event loop, and one for callbacks: these may wait for the client."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.name = "toree-client"
        self._thread.start()
        self._closed = False
        self._calls: queue.SimpleQueue[Callable[[], object] | None] = queue.SimpleQueue()
        self._caller = threading.Thread(target=self._serve, name="toree-callbacks", daemon=True)
        self._caller.start()

    def run(self, work: Coroutine[None, None, T]) -> T:
        """Runs it on the loop and waits; Ctrl-C cancels it.

        Raises:
            ConnectionLost: the loop has ended, and there is something to wait for.
        """
        if self._closed:
            return _at_once(work)
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except BaseException:
            if not future.done():
                future.cancel()
            raise

    def call(self, function: Callable[..., T], *arguments: object, **named: object) -> T:
        """Calls a plain function on the loop."""

        async def run() -> T:
            return function(*arguments, **named)

        return self.run(run())

    def later(self, function: Callable[..., object]) -> Callable[..., None]:
        """A function that has this one called on the thread for callbacks, in order."""

        def call(*arguments: object) -> None:
            work = functools.partial(function, *arguments)
            if self._closed:
                self._guarded(work)
            else:
                self._calls.put(work)

        return call

    def answer(self, function: Callable[[str, bool], str]) -> Callable[[str, bool], Awaitable[str]]:
        """`on_input` on the thread for callbacks."""

        async def ask(prompt: str, password: bool) -> str:
            future: concurrent.futures.Future[str] = concurrent.futures.Future()

            def work() -> None:
                try:
                    future.set_result(function(prompt, password))
                except BaseException as error:
                    future.set_exception(error)

            self._calls.put(work)
            return await asyncio.wrap_future(future)

        return ask

    def _serve(self) -> None:
        while (work := self._calls.get()) is not None:
            self._guarded(work)

    def _guarded(self, work: Callable[[], object]) -> None:
        try:
            work()
        except BaseException:  # also what would end the thread of those that follow
            log.exception("A callback failed")

    def close(self) -> None:
        self._calls.put(None)
        if threading.current_thread() is not self._caller:
            self._caller.join()
        # By itself: the thread that closes it may have a running loop of its own, as in a notebook.
        self.run(self._loop.shutdown_asyncgens())
        self.run(self._loop.shutdown_default_executor())
        self._closed = True
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


def _at_once(work: Coroutine[None, None, T]) -> T:
    """What a coroutine returns that has nothing to wait for: what came is there, loop or not."""
    try:
        work.send(None)
    except StopIteration as end:
        found: T = end.value
        return found
    except RuntimeError:  # it would ask, which takes a running loop
        pass
    finally:
        work.close()
    raise ConnectionLost("The client has been closed.")
