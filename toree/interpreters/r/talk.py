"""The talk with the R host: starts it, asks it one thing at a time, notes its death."""

from __future__ import annotations

import contextlib
import itertools
import queue
import threading
from collections.abc import Callable
from pathlib import Path

from ... import running
from ...errors import LanguageMissing, ToreeError
from ...lines import Nowhere
from ...rhost.frames import Message
from .cell import Question
from .child import Child

_START = 60.0  # seconds R may take to start
_SLICE = 0.2  # the most of them that one wait can take
_PATIENCE = 2.0  # seconds that a stopped question has
_ADVICE = (
    "Install R (https://cran.r-project.org), then: pip install 'rpy2>=3.6,<3.7' "
    "'rpy2-rinterface<3.6.6' pyarrow (building rpy2 needs a C compiler and the headers of R and "
    "Python: r-base-dev and python3-dev on Debian)."
)


class Talk:
    """Owns the host process. Who asks holds `lock`; a cell holds it to its end."""

    def __init__(
        self,
        address: Callable[[], tuple[int, str, str]],
        log: Path,
        lost: Callable[[], None],
    ) -> None:
        """
        Args:
            address: blocks until Spark's session is there and returns port and secret of its
                Py4J gateway, and the workspace there; raises ToreeError.
            log: file for what the host process has to say outside of cells.
            lost: told that R has gone with its names.
        """
        self.lock = threading.Lock()
        self.note = ""  # why the last R is gone, for the next cell
        self._address = address
        self._log = log
        self._lost = lost
        self._child: Child | None = None
        self._numbers = itertools.count(1)

    @property
    def alive(self) -> bool:
        return self._child is not None

    def close(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.close()

    def started(self) -> Child:
        """
        Raises:
            ToreeError: R can't be started.
        """
        if self._child is not None and self._child.has_ended:  # while nobody talked with it
            self.died(self._child)
        if self._child is None:
            child = Child(self._log)
            try:
                message = _first(child)
            except BaseException:
                child.close()
                raise
            if message.get("reply") != "ready":
                child.close()
                why = str(message.get("why", "it ended at once")).rstrip(".")
                raise LanguageMissing(f"R can't be started: {why}.", advice=_ADVICE)
            self._child = child
        return self._child

    def died(self, child: Child) -> str:
        """How it did."""
        self._lost()
        how = child.ended()
        child.close()
        self._child = None
        self.note = f"R {how}; its variables are gone. This is a new R on the same Spark session."
        return how

    def ask(self, request: Message, limit: float | None = None) -> Message | None:
        """The host's answer; None when it has died. Whoever asks holds the lock.

        Args:
            limit: seconds after which the question is stopped.

        Raises:
            ToreeError: there was no answer in time. One that comes later is passed over.
            KeyboardInterrupt: the cell that asks was stopped.
        """
        child = self.started()
        request = {**request, "id": f"question-{next(self._numbers)}"}
        cell = running.here() or running.Running("r", Nowhere())
        with cell.catching_sigint():
            question = Question(request, child, self.find_address, limit)
            answer = cell.follow(question, cell.output, _PATIENCE)
        if answer is None:
            self.died(child)
        elif answer["reply"] == "late" or answer.get("error") == "Stopped":
            if cell.stopped:
                raise KeyboardInterrupt
            raise ToreeError("R does not answer: it is busy with something that does not end.")
        return answer

    def exchange(self, request: Message, limit: float | None = None) -> Message:
        """Asks about a name.

        Raises:
            KeyError: there is no such name.
            TypeError: its value can't cross; the message says why.
            ToreeError: R can't be asked.
            KeyboardInterrupt: the cell that asks was stopped.
        """
        with running.holding(self.lock):
            answer = self.ask(request, limit)
        if answer is None:
            raise ToreeError("R died meanwhile; the next R cell starts it.")
        kind = answer.get("error")
        if kind == "KeyError":
            raise KeyError(request["name"])
        if kind is not None:
            raise TypeError(answer["message"])
        return answer

    def find_address(self) -> Message:
        try:
            address = self._address()
        except KeyboardInterrupt:
            return {"interrupted": True}
        except ToreeError as error:
            return {"error": str(error)}
        return {"answer": address}

    def start(self) -> None:
        """Starts R in the background."""
        threading.Thread(target=self._start, name="toree-r-start", daemon=True).start()

    def _start(self) -> None:
        with contextlib.suppress(ToreeError), self.lock:  # a cell will say what is wrong
            self.started()


def _first(child: Child) -> Message:
    left = _START
    while True:
        try:
            return child.receive(_SLICE) or {}
        except queue.Empty:
            running.check()
            left -= _SLICE
            if left <= 0:
                raise ToreeError(f"R did not start within {_START:.0f} s.") from None
