"""The life of the JVM: none, starting, running, gone, and again. Who waits for a change is told."""

from __future__ import annotations

import contextlib
import dataclasses
import threading
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout

from ..errors import CompanionFailed, ToreeError
from ..foreign import JavaObject
from . import attached, launch

_NEXT = "The next cell that needs it starts a new one."
_CLOSING = "The kernel is shutting down."
_NOTICE = 2.0  # seconds between the end of a process and the news of it, at most


@dataclasses.dataclass(frozen=True, eq=False)
class Jvm:
    """One that runs: its process, and this process's end of its gateway."""

    process: launch.CompanionProcess
    gateway: JavaObject  # py4j's ClientServer
    entry: JavaObject  # its entry point
    spark_version: str
    scala_version: str

    def close(self, patience: float = 5.0) -> None:
        self.process.close(patience)
        self.hang_up()

    def hang_up(self) -> None:
        with contextlib.suppress(Exception):
            if isinstance(self.process, attached.Attached):
                self.gateway.shutdown()  # it stays: a call that waits would keep us
            else:
                self.gateway.close(keep_callback_server=True)


class Life:
    """One JVM after the other. Thread-safe."""

    def __init__(
        self,
        begin: Callable[[], Jvm],
        began: Callable[[Jvm], None],
        mourn: Callable[[CompanionFailed], bool],
    ) -> None:
        """
        Args:
            begin: starts a JVM; on a thread of its own.
            began: told that it answers, on that thread.
            mourn: told that one has ended by itself, before there can be another; tells the
                cells, and whether there were any. Must not wait.
        """
        self.deaths = 0  # how many have ended by themselves
        self._begin, self._began, self._mourn = begin, began, mourn
        self._changed = threading.Condition()
        self._started: Future[Jvm] | None = None
        self._closed = False
        self._died = ""  # why the last one did
        self._last_lines = ""
        self._untold = False  # no cell has been told

    # ---------------------------------------------------------------- now

    @property
    def running(self) -> Jvm | None:
        """The JVM that runs now; starts none, waits for nothing."""
        started = self._started
        if started is None or not started.done() or started.exception() is not None:
            return None
        return started.result()

    @property
    def starting(self) -> Future[Jvm] | None:
        """The one that runs or is on its way."""
        return self._started

    # ---------------------------------------------------------------- changes

    def start(self) -> Future[Jvm]:
        """The JVM; starts one in the background if there is none.

        Raises:
            CompanionFailed: the kernel is shutting down.
        """
        with self._changed:
            before = self.running
            if before is not None and before.process.ended:
                # It is asked no more: its watcher is about to say so.
                self._changed.wait_for(lambda: self.running is not before, _NOTICE)
            if self._closed:
                raise CompanionFailed(_CLOSING)
            started = self._started
            if started is None or (started.done() and started.exception() is not None):
                started = self._started = Future()
                threading.Thread(
                    target=self._start, args=(started,), name="toree-companion-start", daemon=True
                ).start()
            return started

    def _start(self, started: Future[Jvm]) -> None:
        try:
            jvm = self._begin()
        except ToreeError as error:
            started.set_exception(error)
            return
        except BaseException as error:
            started.set_exception(CompanionFailed(f"The companion JVM can't be started: {error}"))
            return
        with self._changed:
            closed = self._closed
            if not closed:
                started.set_result(jvm)
        if closed:
            jvm.close()
            started.set_exception(CompanionFailed(_CLOSING))
            return
        launch.watch(jvm.process.process, lambda status: self._ended(jvm, status))
        self._began(jvm)

    def _ended(self, jvm: Jvm, status: int) -> None:
        with self._changed:
            if self._closed or self.running is not jvm:
                return
            self._started = None
            self._died = f"The companion JVM {_how(status)}."
            self._last_lines = jvm.process.last_lines()
            failure = CompanionFailed(f"{self._died} {_NEXT}", advice=self._last_lines)
            self._untold = not self._mourn(failure)
            self.deaths += 1
            self._changed.notify_all()
        jvm.process.clean()
        jvm.hang_up()

    def leave(self) -> None:
        """Tells the one that runs to end; there is none after it."""
        with self._changed:
            self._closed = True
            jvm = self.running
            self._changed.notify_all()
        if jvm is not None:
            jvm.process.let_go()

    def close(self) -> None:
        self.leave()
        with self._changed:
            jvm, self._started = self.running, None
        if jvm is not None:
            jvm.close()

    # ---------------------------------------------------------------- words for the user

    def obituary(self, deaths: int, answers: Callable[[], bool]) -> str:
        """Why a JVM has ended since there were so many deaths; "" where none has.

        Its end shows first as a broken connection: a moment later the cause is known.
        """
        with self._changed:
            if self.deaths == deaths and self.running is None and self._started is None:
                return ""
        if self.deaths == deaths and answers():
            return ""
        with self._changed:
            if not self._changed.wait_for(lambda: self.deaths != deaths, _NOTICE):
                return ""
            self._untold = False
            return f"{self._died} {_NEXT}\n{self._last_lines}"

    def epitaph(self) -> str:
        """Told once, by the first cell that gets a new JVM after one that died unseen."""
        with self._changed:
            untold, self._untold = self._untold, False
        if not untold:
            return ""
        return (
            f"{self._died} This is a new one; what was in the old one is gone.\n"
            f"{self._last_lines}\n"
        )

    def soon(self, patience: float) -> bool:
        """Whether one runs within so many seconds; starts none."""
        with contextlib.suppress(ToreeError, FutureTimeout, TimeoutError):
            if (started := self._started) is not None:
                started.result(patience)
        return self.running is not None


def _how(status: int) -> str:
    if status == launch.UNSEEN:
        return "has ended"
    return f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
