"""The companion JVM as the rest of Toree sees it; its life is in `life`, calls in `calls`."""

from __future__ import annotations

import contextlib
import contextvars
import functools
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from typing import cast

from .. import running
from ..config import Config
from ..errors import CompanionFailed, ToreeError
from ..foreign import JavaObject, Json
from ..interpreters.base import Output
from . import MAIN, attached, launch
from .calls import Call, Events
from .gateway import LIMITS, asked, dialled
from .life import Jvm, Life
from .spare import Spare, Taken
from .training import Training

#: Cells, questions and orders wait for each other in the JVM, and never for a thread here.
_MANY = 1000


class Companion:
    """Owns the JVM. Thread-safe; every method that needs the JVM starts it and waits for it."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.progress = "Starting Spark ..."
        self.events = Events()
        self.spare = Spare(config)
        #: Clear while nobody is there yet to take what happens beside cells.
        self.listening = threading.Event()
        self.listening.set()
        #: Told when a JVM has ended by itself, before its cells are; they must not wait.
        self.ended: list[Callable[[], None]] = []
        #: Told when one is there.
        self.began: list[Callable[[], None]] = []
        #: Whether a cell runs, in any language.
        self.busy: Callable[[], bool] = lambda: bool(self.events.calls)
        self._training: Training | None = None
        self._closed = False
        self._private: set[str] = set()  # workspaces besides the main one
        self._life = Life(self._begin, self._began, self._mourn)
        self._cells = ThreadPoolExecutor(_MANY, thread_name_prefix="toree-call")
        self._questions = ThreadPoolExecutor(_MANY, thread_name_prefix="toree-ask")
        self._orders = ThreadPoolExecutor(8, thread_name_prefix="toree-stop")

    # ---------------------------------------------------------------- life

    def start(self) -> Future[Jvm]:
        """Starts the JVM in the background, once."""
        return self._life.start()

    def _begin(self) -> Jvm:
        if elder := attached.address():
            return self._reached(attached.start(self.config, elder))
        say = functools.partial(setattr, self, "progress")
        new = launch.start(self.config, say, self.spare.take)
        if isinstance(new.process, Taken):
            with contextlib.suppress(CompanionFailed):  # it is as if there had been none
                return self._reached(new, self.spare.order())
            new = launch.start(self.config, say)
        return self._reached(new)

    def _reached(self, new: launch.Started, order: str = "") -> Jvm:
        process = new.process
        try:
            gateway = dialled(process.port, process.secret, self.events)
            if order:
                gateway.entry_point.take(order)
            self._open_all(gateway.entry_point)
        except BaseException as error:  # it runs, and nobody could reach it any more
            tail = process.last_lines()
            process.close(0.5)
            why = f"The companion JVM can't be reached: {error}"
            raise CompanionFailed(why, advice=tail) from error
        self._training = new.training
        return Jvm(process, gateway, gateway.entry_point, new.spark.version, new.spark.scala)

    def _began(self, jvm: Jvm) -> None:
        with contextlib.suppress(RuntimeError):  # shutting down
            self._cells.submit(self._pump, jvm.entry)
        with contextlib.suppress(Exception):  # it has died already, and its watcher says so
            self._open_all(jvm.entry)  # one may have come meanwhile
        for told_of_begin in self.began:
            told_of_begin()
        if self._training is not None:  # so that the next start is fast
            self._training.run()
        self.spare.keep(lambda: self.busy())

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

    def _open_all(self, entry: JavaObject) -> None:
        entry.ping()
        for workspace in sorted(self._private):
            entry.openWorkspace(workspace)

    def _pump(self, entry: JavaObject) -> None:
        # Delivers what no running cell's own call delivers; ends with the JVM.
        self.listening.wait()
        with contextlib.suppress(Exception):
            entry.pump()

    def _mourn(self, failure: CompanionFailed) -> bool:
        for told in self.ended:
            told()
        return self.events.fail(failure)

    @property
    def deaths(self) -> int:
        """How many JVMs have ended by themselves."""
        return self._life.deaths

    def obituary(self, deaths: int) -> str:
        """Why a JVM has ended since there were so many deaths; "" when none has."""
        return self._life.obituary(deaths, self._answers)

    def _answers(self) -> bool:
        jvm = self._life.running
        if jvm is None or jvm.process.ended:
            return False
        with contextlib.suppress(Exception):
            return bool(self._questions.submit(jvm.entry.ping).result(1.0))
        return False

    def epitaph(self) -> str:
        """Told once, by the first cell that gets a new JVM after one that died unseen."""
        return self._life.epitaph()

    def leave(self) -> None:
        """Lets the JVM end, and does not wait for it: `close` does."""
        self._closed = True
        self._life.leave()

    def close(self) -> None:
        self.leave()
        self.spare.close()
        self.listening.set()
        if self._training is not None:
            self._training.close()
        self._life.close()
        for threads in (self._cells, self._questions, self._orders):
            threads.shutdown(wait=False, cancel_futures=True)

    # ---------------------------------------------------------------- what there is

    @property
    def ready(self) -> bool:
        """Whether the JVM answers now; never starts it."""
        return self._life.running is not None

    @property
    def current(self) -> JavaObject:
        """The entry point of the JVM that runs now, else None; never starts one."""
        jvm = self._life.running
        return None if jvm is None else jvm.entry

    def soon(self, patience: float = 12.0) -> bool:
        """Whether the JVM answers in time; never starts it. Completion can't wait for ever."""
        return self._life.soon(patience)

    @property
    def address(self) -> tuple[int, str]:
        """Port and secret of the running JVM, for another process that attaches to it."""
        process = self._jvm().process
        return process.port, process.secret

    @property
    def spark_version(self) -> str:
        return jvm.spark_version if (jvm := self._life.running) else ""

    @property
    def scala_version(self) -> str:
        return jvm.scala_version if (jvm := self._life.running) else ""

    @property
    def log(self) -> str:
        return str(jvm.process.log) if (jvm := self._life.running) else ""

    def stop_spark(self, patience: float = 20.0) -> None:
        """Ends the Spark session; a JVM that does not answer is ended with it."""
        jvm = self._jvm()
        try:
            self._orders.submit(jvm.entry.stopSpark).result(patience)
        except (FutureTimeout, TimeoutError):
            jvm.process.process.kill()

    # ---------------------------------------------------------------- calls

    def _jvm(self) -> Jvm:
        return running.result(self.start())

    def entry(self) -> JavaObject:
        """The JVM's entry point; starts the JVM if need be and waits for it.

        Raises:
            ToreeError: it can't be started.
        """
        return self._jvm().entry

    def ask(self, method: str, *arguments: object) -> JavaObject:
        """Calls a method of the entry point and waits; safe in the presence of signals.

        Raises:
            ToreeError: there is no JVM, or no answer in time, where the method is a question.
            KeyboardInterrupt: the cell that asks was stopped.
        """
        entry = self.entry()
        limit = LIMITS.get(method)
        answer = self._questions.submit(asked, lambda: getattr(entry, method)(*arguments))
        try:
            return running.result(answer, limit)
        except (FutureTimeout, TimeoutError):
            if answer.done():
                raise
            why = f"The JVM does not answer within {limit:g} s ({method})."
            raise CompanionFailed(why) from None

    def peek(self, method: str, *arguments: object) -> JavaObject:
        """Asks the JVM that runs, whatever has become of the cell; None without an answer."""
        entry = self.current
        with contextlib.suppress(Exception):
            if entry is not None:
                answer = self._questions.submit(getattr(entry, method), *arguments)
                return answer.result(LIMITS.get(method, 10.0))
        return None

    def tell(self, method: str, *arguments: object) -> None:
        """Calls a method of the entry point of a running JVM, and does not wait; starts none."""
        entry = self.current
        if entry is not None and not self._closed:
            with contextlib.suppress(RuntimeError):  # shutting down
                self._orders.submit(getattr(entry, method), *arguments)

    def run(
        self, call_id: str, output: Output, call: Callable[[JavaObject], str], workspace: str = MAIN
    ) -> Json:
        """Runs a cell's blocking call and delivers its output; returns the JVM's outcome.

        Args:
            call_id: unique id of the call (`lines.call_of`); tags its output and Spark jobs.
            call: given the entry point, makes the call and returns the outcome's JSON.

        Raises:
            ToreeError: the JVM can't be started, or died meanwhile.
        """
        deaths = self.deaths

        def begin() -> None:
            jvm = self.start().result()
            if text := self.epitaph():
                output.stream("stderr", text)
            line.begun = True
            # What the JVM asks meanwhile is asked for this cell.
            scope = contextvars.copy_context()
            self._cells.submit(scope.run, line.make, lambda: call(jvm.entry))

        def slow(waiting: bool) -> None:
            if waiting:
                output.stream("stderr", self.progress + "\n")
            elif self.ready:
                output.clear()

        line = Call(begin, lambda: self.tell("interrupt", workspace, call_id), slow, workspace)
        self.events.calls[call_id] = line
        try:
            cell = running.current(output)
            with cell.catching_sigint():
                self.start().add_done_callback(lambda _: line.post({"event": "started"}))
                reply = cell.follow(line, output, self.config.interrupt_patience)
        finally:
            self.events.calls.pop(call_id, None)
            line.close()
        assert reply is not None
        if reply["reply"] == "done":
            return cast("Json", reply["outcome"])
        error = reply["error"]
        if isinstance(error, ToreeError):
            raise error
        # The connection broke: the JVM is dying, and the watcher will say how.
        if why := self.obituary(deaths):
            raise CompanionFailed(why) from error
        raise CompanionFailed(f"The companion JVM did not answer: {error}") from error
