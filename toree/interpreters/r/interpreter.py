"""R: the front of a process of its own, `toree.rhost`, which holds R and talks to Spark itself."""

from __future__ import annotations

import contextlib
import json
import queue
import threading
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal, cast

from ...errors import LanguageMissing, ToreeError
from ...rhost.frames import Message
from ...rhost.wire import decode, encode
from ...signals import holding
from ..base import (
    Assignment,
    Bundle,
    Completeness,
    Completion,
    Failed,
    Interpreter,
    Ok,
    Output,
    Result,
)
from .cell import RCell, guess
from .child import Child, Frame

_START = 60.0  # seconds R may take to start
_ADVICE = (
    "Install R (https://cran.r-project.org), then: pip install 'rpy2>=3.6,<3.7' "
    "'rpy2-rinterface<3.6.6' pyarrow (building rpy2 needs a C compiler and the headers of R and "
    "Python: r-base-dev and python3-dev on Debian)."
)
_PATIENCE = 5.0  # seconds a completion waits for an R that starts

Address = Callable[[], tuple[int, str]]
Cancel = Callable[[str], None]


class RInterpreter(Interpreter):
    """Cells in R. The process starts with the first of them, or with the first question."""

    language: ClassVar[str] = "r"

    def __init__(
        self,
        address: Address,
        cancel: Cancel | None = None,
        log: Path | None = None,
        patience: float = 5.0,
    ) -> None:
        """
        Args:
            address: blocks until Spark's session is there and returns port and secret of its
                Py4J gateway; raises ToreeError.
            cancel: cancels a Spark job group by its id; used when R died with a job running.
            log: file for what the host process has to say outside of cells.
            patience: seconds a stopped cell has before the user is told that it does not stop.
        """
        self._address = address
        self._cancel = cancel
        self._log = log
        self._patience = patience
        self._child: Child | None = None
        self._lock = threading.Lock()  # one conversation with the host at a time
        self._cell: RCell | None = None
        self._note = ""  # why the last R is gone, told by the next cell
        self._missing = False  # a start has failed: only a cell tries again
        self._assigned: Sequence[Assignment] = ()
        self._own: frozenset[str] = frozenset()  # of the last code's names, what R has itself

    async def moved(self, folder: Path, output: Output) -> None:
        await self.execute(f"setwd({json.dumps(str(folder))})", output)

    @property
    def log(self) -> Path | None:
        return self._log

    # -- life ------------------------------------------------------------------

    def close(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.close()

    def _started(self) -> Child:
        if self._child is not None and self._child.has_ended:  # while nobody talked with it
            self._died(self._child)
        if self._child is None:
            child = Child(self._log)
            try:
                message = _first_frame(child)
            except BaseException:
                child.close()
                raise
            if message.get("reply") != "ready":
                child.close()
                why = str(message.get("why", "it ended at once")).rstrip(".")
                raise LanguageMissing(f"R can't be started: {why}.", advice=_ADVICE)
            self._child = child
        return self._child

    def _died(self, child: Child) -> str:
        how = child.ended()
        child.close()
        self._child = None
        self._note = f"R {how}; its variables are gone. This is a new R on the same Spark session."
        return how

    # -- cells -----------------------------------------------------------------

    async def execute(self, code: str, output: Output, **options: Any) -> Result:
        self._assigned = ()
        cell = RCell(f"toree-r-{uuid.uuid4().hex}", output, self._patience)
        self._missing = False
        try:
            return self._execute(code, cell, output)
        except KeyboardInterrupt:  # R was still starting
            return _interrupted()

    def _execute(self, code: str, cell: RCell, output: Output) -> Result:
        with self._lock, cell.catching_sigint():
            child = self._started()
            if self._note:
                output.stream("stderr", self._note + "\n")
                self._note = ""
            self._cell = cell
            cell.shared = self.shared
            try:
                return self._run(child, cell, code)
            finally:
                self._cell = None

    def _run(self, child: Child, cell: RCell, code: str) -> Result:
        cell.child = child
        child.send({"do": "execute", "cell": cell.id, "code": code})
        quit_status: int | None = None
        while True:
            frame = cell.next_frame()
            if frame is None:
                return self._after_death(child, cell, quit_status)
            message, _ = frame
            if "reply" in message:
                break
            if message["event"] == "begun":
                cell.begun()
            elif message["event"] == "quit":
                quit_status = int(message["status"])
            elif message["event"] == "address":
                child.send(self._find_address())
            else:
                cell.deliver(message)
        self._assigned = [
            Assignment(name, kind, type_, size, reason=reason, deleted=not kind)
            for name, kind, type_, size, reason in message.get("assigned", ())
        ]
        status = message.get("status")
        if status == "interrupted":
            return _interrupted()
        if status == "error":
            return Failed(message["name"], message["message"], message["traceback"])
        if status != "ok":
            raise ToreeError(f"The R host failed: {message.get('message', message)}")
        result = message["result"]
        if not result:
            return Ok()
        return Ok(result["data"], result["metadata"], numbered=False)  # as IRkernel has it

    def _find_address(self) -> Message:
        try:
            port, secret = self._address()
        except KeyboardInterrupt:
            return {"interrupted": True}
        except ToreeError as error:
            return {"error": str(error)}
        return {"answer": [port, secret]}

    def _after_death(self, child: Child, cell: RCell, quit_status: int | None) -> Result:
        how = self._died(child)
        if self._cancel is not None:
            with contextlib.suppress(Exception):
                self._cancel(cell.id)
        if quit_status is not None:
            cell.output.stream(
                "stderr", f"R {how}, as asked; its variables are gone. The next R cell starts it.\n"
            )
            self._note = ""
            return Ok()
        text = (
            f"R {how}. Its variables are gone; "
            "the next R cell starts a new R on the same Spark session."
        )
        return Failed("RDied", text, [text])

    def interrupt(self) -> None:
        cell = self._cell
        if cell is not None:
            cell.interrupt()

    # -- analysis --------------------------------------------------------------

    def complete(self, code: str, cursor: int) -> Completion:
        found = self._analyse({"do": "complete", "code": code, "cursor": cursor})
        if not found or not found.get("matches"):
            return Completion((), cursor, cursor)
        return Completion(found["matches"], found["start"], cursor, found["types"])

    def inspect(self, code: str, cursor: int, detail: int = 0) -> Bundle | None:
        found = self._analyse({"do": "inspect", "code": code, "cursor": cursor})
        return cast(Bundle, found["data"]) if found and found.get("data") else None

    def is_complete(self, code: str) -> Completeness:
        found = self._analyse({"do": "is_complete", "code": code})
        status = found.get("status") if found else guess(code)
        if status not in ("complete", "incomplete", "invalid"):
            return Completeness("unknown")
        indent = "  " if status == "incomplete" and code.rstrip().endswith(("{", "(")) else ""
        return Completeness(cast(Literal["complete", "incomplete", "invalid"], status), indent)

    def _analyse(self, request: Message) -> Message | None:
        """Asks R, if there is one and no cell occupies it."""
        if self._missing or not self._lock.acquire(timeout=0 if self._cell else _PATIENCE):
            return None
        try:
            with holding():
                frame = self._ask(self._started(), request)
            return frame[0] if frame else None
        except ToreeError:
            self._missing = True
            return None
        finally:
            self._lock.release()

    def start(self) -> None:
        """Starts R in the background, for the kernel whose own language it is."""
        threading.Thread(target=self._start, name="toree-r-start", daemon=True).start()

    def _start(self) -> None:
        with contextlib.suppress(ToreeError), self._lock:  # a cell will say what is wrong
            self._started()

    def _ask(
        self, child: Child, request: Message, blobs: list[bytes] | None = None
    ) -> Frame | None:
        child.send(request, blobs)
        while True:
            frame = child.frames.get()
            if frame is None:
                self._died(child)
                return None
            message = frame[0]
            if "reply" in message:
                return frame
            if message["event"] == "address":
                child.send(self._find_address())
            elif message["event"] == "ask":
                child.send({"answer": None})

    # -- shared names ----------------------------------------------------------

    def shared(self, name: str) -> tuple[Message, list[bytes]]:
        """What `kernel$data` is told of a name, or of all ("")."""
        return {"answer": None if name else []}, []

    def assigned(self) -> Sequence[Assignment]:
        return self._assigned

    def references(self, code: str) -> frozenset[str]:
        with self._lock, holding():
            frame = self._ask(self._started(), {"do": "references", "code": code})
        self._own = frozenset(frame[0].get("own", ())) if frame else frozenset()
        return frozenset(frame[0].get("names", ())) if frame else frozenset()

    def get(self, name: str) -> Any:
        """A Spark table comes as a `SharedFrame`, a data.frame as a pyarrow Table (wire.py)."""
        answer, blobs = self._exchange({"do": "get", "name": name})
        return decode(answer["value"], blobs)

    def put(self, name: str, value: Any) -> None:
        blobs: list[bytes] = []
        tree = encode(value, blobs)
        self._exchange({"do": "put", "name": name, "value": tree}, blobs)

    def _exchange(self, request: Message, blobs: list[bytes] | None = None) -> Frame:
        with self._lock, holding():
            frame = self._ask(self._started(), request, blobs)
        if frame is None:
            raise ToreeError("R died meanwhile; the next R cell starts it.")
        kind = frame[0].get("error")
        if kind == "KeyError":
            raise KeyError(request["name"])
        if kind is not None:
            raise TypeError(frame[0]["message"])
        return frame


def _first_frame(child: Child) -> Message:
    try:
        frame = child.frames.get(timeout=_START)
    except queue.Empty:
        raise ToreeError(f"R did not start within {_START:.0f} s.") from None
    return frame[0] if frame else {}


def _interrupted() -> Failed:
    return Failed("Interrupted", "The cell was stopped.", ["Interrupted: the cell was stopped."])
