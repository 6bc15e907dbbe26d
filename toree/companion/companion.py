"""The companion JVM as the rest of Toree sees it: start, call, restart, close. The door to Py4J.

A cell's call, its output and its interrupt are in `calls`.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from typing import Any

from .. import logs
from ..config import Config
from ..errors import CompanionFailed, ToreeError
from ..interpreters.base import Output
from . import MAIN, attached, launch
from .calls import EVENTS, Events, Run

_NEXT = "The next cell that needs it starts a new one."
_SILENCE = 1.0  # seconds before a waiting cell says that the JVM is starting


class Interrupted(Exception):
    """The user stopped a cell while it waited for the JVM."""


class Companion:
    """Owns the JVM. Thread-safe; every method that needs the JVM starts it and waits for it."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.progress = "Starting Spark ..."
        self.spark_version = ""
        self.scala_version = ""
        self._lock = threading.Lock()
        self._started: Future[Any] | None = None
        self._process: launch.CompanionProcess | None = None
        self._training: Any = None
        self._gateway: Any = None
        self.events = Events()
        #: Clear while nobody is there yet to take what happens beside cells.
        self.listening = threading.Event()
        self.listening.set()
        #: Told when a JVM has ended by itself, before its cells are; they must not wait.
        self.ended: list[Callable[[], None]] = []
        self._threads = ThreadPoolExecutor(max_workers=64, thread_name_prefix="toree-call")
        self._called: deque[str] = deque(maxlen=100)  # cells: one may make several calls
        self._closed = False
        self._last_lines = ""
        self._untold = False
        self.life = 0  # how many JVMs have ended by themselves
        self.died = ""  # why the last one did; told to the next cell that needs one
        self._private: set[str] = set()  # workspaces besides the main one

    # ---------------------------------------------------------------- life

    def start(self) -> Future[Any]:
        """Starts the JVM in the background, once; the future's value is the entry point."""
        self._notice_its_end()
        with self._lock:
            if self._closed:
                raise CompanionFailed("The kernel is shutting down.")
            if self._started is None or (
                self._started.done() and self._started.exception() is not None
            ):
                self._started = Future()
                threading.Thread(
                    target=self._start,
                    args=(self._started,),
                    name="toree-companion-start",
                    daemon=True,
                ).start()
            return self._started

    def _notice_its_end(self) -> None:
        # A JVM that has just died is not asked any more: its watcher is about to say so.
        process, started = self._process, self._started
        if process is None or started is None or not started.done():
            return
        deadline = time.monotonic() + 2.0
        while process.ended and time.monotonic() < deadline:
            if self._started is not started or self._process is not process:
                return
            time.sleep(0.01)

    def _start(self, started: Future[Any]) -> None:
        try:
            elder = attached.address()
            new = (
                attached.start(self.config, elder)
                if elder
                else launch.start(self.config, self._say)
            )
            process, spark = new.process, new.spark
            self._process, self._training = process, new.training
            self.spark_version, self.scala_version = spark.version, spark.scala
            from py4j.clientserver import ClientServer, JavaParameters, PythonParameters

            logs.hide(process.secret)
            self._gateway = ClientServer(
                java_parameters=JavaParameters(
                    port=process.port, auth_token=process.secret, auto_convert=True
                ),
                # Callbacks come over the connection of the call that causes them.
                python_parameters=PythonParameters(port=0, eager_load=False),
            )
            self._gateway.gateway_property.pool.put(self.events, force_id=EVENTS)
            entry = self._gateway.entry_point
            if self._closed:
                process.close()
                raise CompanionFailed("The kernel is shutting down.")
            launch.watch(process.process, lambda status: self._ended(started, process, status))
            self._threads.submit(self._pump, entry)
            self._open_all(entry)
            started.set_result(entry)
            self._open_all(entry)  # one may have come meanwhile
            if new.training is not None:  # so that the next start is fast
                new.training.run()
        except ToreeError as error:
            started.set_exception(error)
        except Exception as error:
            if started.done():
                return
            tail = self._process.last_lines() if self._process else ""
            started.set_exception(
                CompanionFailed(f"The companion JVM can't be reached: {error}", advice=tail)
            )

    def open(self, workspace: str) -> None:
        """A private workspace: the JVM there is has it from now on, and each after it."""
        self._private.add(workspace)
        if self.ready:
            self.ask("openWorkspace", workspace)

    def drop(self, workspace: str) -> None:
        """The end of a private workspace, with all it has."""
        self._private.discard(workspace)
        self.events.forget(workspace)
        self.tell("closeWorkspace", workspace)

    def _open_all(self, entry: Any) -> None:
        for workspace in sorted(self._private):
            entry.openWorkspace(workspace)

    def _say(self, text: str) -> None:
        self.progress = text

    def _pump(self, entry: Any) -> None:
        # Delivers what no running cell's own call delivers; ends with the JVM.
        self.listening.wait()
        with contextlib.suppress(Exception):
            entry.pump()

    def _ended(self, started: Future[Any], process: launch.CompanionProcess, status: int) -> None:
        with self._lock:
            if self._closed or self._started is not started:
                return
            self._started = None
            how = f"killed by signal {-status}" if status < 0 else f"ended with status {status}"
            self.died = (
                f"The companion JVM was {how}." if status < 0 else f"The companion JVM {how}."
            )
            self._last_lines = process.last_lines()
            for told_of_end in self.ended:
                told_of_end()
            failure = CompanionFailed(f"{self.died} {_NEXT}", advice=self._last_lines)
            told = [run for run in self.events.runs.values() if run.begun]
            for run in told:
                run.finish(failure)
            self._untold = not told
            self.life += 1
            gateway, self._gateway = self._gateway, None
        process.clean()
        with contextlib.suppress(Exception):
            gateway.close(keep_callback_server=True)

    def obituary(self, life: int, patience: float = 2.0) -> str:
        """Why the JVM of that number ended, in words for the user; "" when it lives.

        Its end shows first as a broken connection: a moment later the cause is known.
        """
        deadline = time.monotonic() + patience
        while self.life == life and time.monotonic() < deadline:
            process = self._process
            if process is None or (process.process.poll() is None and self._answers()):
                return ""
            time.sleep(0.02)
        if self.life == life:
            return ""
        self._untold = False
        return f"{self.died} {_NEXT}\n{self._last_lines}"

    def _answers(self) -> bool:
        try:
            self._threads.submit(self.entry().ping).result(1.0)
        except Exception:
            return False
        return True

    def epitaph(self) -> str:
        """Told once, by the first cell that gets a new JVM after one that died unseen."""
        if not self._untold:
            return ""
        self._untold = False
        return (
            f"{self.died} This is a new one; what was in the old one is gone.\n{self._last_lines}\n"
        )

    def close(self) -> None:
        with self._lock:
            self._closed = True
            process, self._process = self._process, None
        self.listening.set()
        if self._training is not None:
            self._training.close()
        if process is not None:
            process.close()
        gateway, self._gateway = self._gateway, None
        if gateway is not None:
            with contextlib.suppress(Exception):
                if isinstance(process, attached.Attached):
                    gateway.shutdown()  # it stays: a call that waits would keep us
                else:
                    gateway.close(keep_callback_server=True)
        self._threads.shutdown(wait=False, cancel_futures=True)

    # ---------------------------------------------------------------- calls

    @property
    def ready(self) -> bool:
        """Whether the JVM answers now; never starts it."""
        started = self._started
        return started is not None and started.done() and started.exception() is None

    def soon(self, patience: float = 12.0) -> bool:
        """Whether the JVM answers within `patience` seconds; never starts it.

        For completion in the first seconds of a kernel: no answer would be taken for "no match".
        """
        started = self._started
        with contextlib.suppress(ToreeError, FutureTimeout, TimeoutError):
            if started is not None:
                started.result(patience)
        return self.ready

    @property
    def address(self) -> tuple[int, str]:
        """Port and secret of the running JVM, for another process that attaches to it."""
        self.entry()
        process = self._process
        assert process is not None
        return process.port, process.secret

    def stop_spark(self, patience: float = 20.0) -> None:
        """Ends the Spark session; a JVM that does not answer is ended with it."""
        process = self._process
        entry = self.entry()
        try:
            self._threads.submit(entry.stopSpark).result(patience)
        except (FutureTimeout, TimeoutError):
            if process is not None:
                process.process.kill()

    @property
    def log(self) -> str:
        return str(self._process.log) if self._process else ""

    def entry(self, timeout: float | None = None) -> Any:
        """The JVM's entry point; starts the JVM if need be and waits for it.

        Raises:
            ToreeError: it can't be started.
        """
        return self.start().result(timeout)

    def ask(self, method: str, *arguments: Any) -> Any:
        """Calls a method of the entry point and waits; safe in the presence of signals."""
        entry = self.entry()
        return self._threads.submit(lambda: getattr(entry, method)(*arguments)).result()

    def tell(self, method: str, *arguments: Any) -> None:
        """Calls a method of the entry point of a running JVM, and does not wait."""
        if self.ready and not self._closed:
            entry = self.entry()
            self._threads.submit(lambda: getattr(entry, method)(*arguments))

    def run(
        self, cell: str, output: Output, call: Callable[[Any], str], workspace: str = MAIN
    ) -> dict[str, Any]:
        """Runs a cell's blocking call and delivers its output; returns the JVM's outcome.

        Args:
            cell: unique id of the cell; tags its output and its Spark jobs.
            call: given the entry point, makes the call and returns the outcome's JSON.

        Raises:
            ToreeError: the JVM can't be started, or died meanwhile.
            Interrupted: the user stopped the cell before the JVM was there.
        """
        run = Run(output, workspace)
        self.events.runs[cell] = run
        try:
            with run.catching_sigint():
                entry = self._wait(run)
                if cell in self._called:
                    self.ask("again", workspace, cell)
                self._called.append(cell)
                run.begun = True
                self._threads.submit(run.work, lambda: call(entry))
                return run.drain(
                    lambda: self.tell("interrupt", workspace, cell), self.config.interrupt_patience
                )
        finally:
            self.events.runs.pop(cell, None)

    def interrupt(self, workspace: str) -> None:
        """Stops the running cells of a workspace, from any thread, as the stop button does."""
        for run in list(self.events.runs.values()):
            if run.workspace == workspace:
                run.interrupt()

    def _wait(self, run: Run) -> Any:
        started, told = self.start(), False
        while not started.done():
            try:
                started.result(_SILENCE)
            except (FutureTimeout, TimeoutError):
                if not told:
                    run.output.stream("stderr", self.progress + "\n")
                    told = True
            except ToreeError:
                break
            if run.interrupted:
                raise Interrupted
        if told and started.exception() is None:
            run.output.clear()
        if started.exception() is None and (text := self.epitaph()):
            run.output.stream("stderr", text)
        return started.result()
